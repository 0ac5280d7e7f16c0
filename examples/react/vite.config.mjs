import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { toRoom } from '../to-room.mjs';

export default defineConfig({ ...toRoom('react'), plugins: [react()] });
