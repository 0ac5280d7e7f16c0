import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** The realtime server, which server.mjs starts there; what is realtime of the page goes to it. */
const target = process.env.ISKRA_URL ?? 'http://127.0.0.1:8000';
const proxy = { '/realtime': { target, ws: true } };

export default defineConfig({ server: { proxy }, preview: { proxy }, plugins: [vue()] });
