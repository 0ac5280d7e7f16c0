import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { toRoom } from '../to-room.mjs';

export default defineConfig({ ...toRoom('svelte'), plugins: [svelte()] });
