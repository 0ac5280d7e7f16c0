/** The default theme in our colours, without its fonts, and the landing page. */
import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import Landing from './Landing.vue';
import './style.css';

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => void app.component('Landing', Landing),
} satisfies Theme;
