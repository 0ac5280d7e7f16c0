/** The name of a heading in a link, as forges make it: letters, digits, `_` and hyphens for spaces, in lower case. */
export const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
