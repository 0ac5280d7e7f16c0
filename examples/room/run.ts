/** How many numbered messages one run has. Apart from the contract, so that the page need not load its schemas. */
export const NUMBERS = 200;
