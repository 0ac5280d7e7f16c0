/** When what happened is shown. */

/** Calls back once, when the page is drawn next. */
export type Frame = (show: () => void) => void;

/** Nobody draws a page that is hidden: what waits is shown then after so long, ms. */
const HIDDEN = 200;

/** The browser's next frame. */
export const nextFrame: Frame = (show) => {
  const now = (): void => {
    show();
    show = () => {};
  };
  requestAnimationFrame(now);
  setTimeout(now, HIDDEN);
};
