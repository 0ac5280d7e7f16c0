import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { toRoom } from '../to-room.mjs';

export default defineConfig({ ...toRoom('vue'), plugins: [vue()] });
