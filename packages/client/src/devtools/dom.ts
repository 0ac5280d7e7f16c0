/** The few words with which the panel speaks to the document. No markup is parsed, and nothing is styled by an attribute. */

type Props = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes and children; an attribute that is false or undefined is left out. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  setAll(element, props);
  element.append(...children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same for SVG. */
export function draw<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS(SVG, tag);
  setAll(element, props);
  element.append(...children);
  return element;
}

/** A button that says what it does, also where it only shows a sign. */
export function button(
  label: string,
  act: () => void,
  props: Props = {},
  ...inside: Node[]
): HTMLButtonElement {
  const element = make('button', { type: 'button', ...props }, ...(inside.length > 0 ? inside : [label]));
  if (inside.length > 0) mark(element, 'aria-label', label);
  element.addEventListener('click', act);
  return element;
}

/** Writes text only where it changed, so that nobody is read the same twice. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute only where it changed. */
export function mark(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** As many children as there are rows, each filled with its row; those that are there stay. */
export function fit<Made extends Element, One>(
  list: Element,
  rows: readonly One[],
  create: () => Made,
  fill: (element: Made, row: One) => void,
): void {
  while (list.children.length > rows.length) list.lastElementChild!.remove();
  rows.forEach((row, at) => {
    const element = (list.children[at] as Made | undefined) ?? list.appendChild(create());
    fill(element, row);
  });
}

function setAll(element: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
}
