// What the configurations of Vite share: the page is Vite's, and what is realtime goes to the room that `npm start` runs.

const target = process.env.ISKRA_URL ?? 'http://127.0.0.1:8000';
const proxy = { '/realtime': { target, ws: true }, '/ws': { target, ws: true } };

export const toRoom = (name) => ({
  server: { proxy },
  preview: { proxy },
  build: { outDir: `../dist/${name}`, emptyOutDir: true },
});
