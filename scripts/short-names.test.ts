// Short names must not change what a script does: what it sees outside stays outside, and what it told apart stays apart.

import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

interface Read {
  code: object;
  words: object[];
}
type Names = ReadonlyMap<object, string>;
type Chosen = Record<'variables' | 'properties', Record<string, string>>;

const { nameAll, placesOf, printScript, readScript } = (await import(
  new URL('short-names.mjs', import.meta.url).href
)) as {
  readScript(text: string, wordOf: (name: unknown) => string | undefined): Read;
  nameAll(words: object[], chosen: Chosen): Names;
  printScript(code: object, names: Names): string;
  placesOf(code: object, names: Names): unknown[];
};

const chosen: Chosen = { variables: {}, properties: {} };

/** With short names for `price` and `total` as properties. */
function shortened(text: string, names = chosen): string {
  const { code, words } = readScript(text, (name) =>
    name === 'price' || name === 'total' ? name : undefined,
  );
  return printScript(code, nameAll(words, names));
}

/** What a function answers before and after. */
const both = (text: string): unknown[] =>
  [text, shortened(text)].map((each) => runInNewContext(`JSON.stringify((${each})({ b: 2, c: 3 }))`));

describe('short names', () => {
  it('have one word of each kind wherever it stands', () => {
    expect(shortened('(one)=>{let price=one.price;return(two)=>{let one=two;return one.total+price}}')).toBe(
      '(a)=>{let b=a.a;return(c)=>{let a=c;return a.b+b}}',
    );
  });

  it('take what was chosen, unless it would mean something else', () => {
    const names = { variables: { one: 'x', two: 'x' }, properties: { price: 'b' } };
    expect(shortened('[(one)=>one.price,(two)=>two.kept]', names)).toBe('[(x)=>x.b,(x)=>x.kept]');
    expect(shortened('(one)=>(two)=>one+two', names)).toBe('(x)=>(a)=>x+a');
    expect(shortened('(one)=>x+one.price+one.b', names)).toBe('(a)=>x+a.a+a.b');
  });

  it.each([
    [
      'a name of the platform in a function between',
      '(given)=>{let f=(one)=>((two)=>one+two)(given.b);return f(1)+Math.max(1,2)}',
    ],
    [
      'a variable of a block beside one of its function',
      '(given)=>{let one=1;{let one=given.b;given.c+=one}return one+given.c}',
    ],
    [
      'a block that uses what is outside of the function',
      '(given)=>{let outer=4;return((two)=>{{let outer=two}return outer})(given)}',
    ],
    [
      'what a catch or a loop declares',
      '(given)=>{let all=0;for(let one of [1,given.b]){try{throw one}catch(error){all+=error}}return all}',
    ],
    [
      'a variable that has the name of something of the platform',
      '(given)=>{let one=(Math)=>Math+given.b;return one(1)+(()=>Math.max(given.b,given.c))()}',
    ],
    ['parameters that nobody uses', '(given,unused)=>{let one=1;return one+given.b}'],
    [
      'patterns with and without a new name',
      '({b,c:other=1,...rest})=>{let price=b,total=other;return {price,total,rest,b}["b"]+other}',
    ],
    [
      'functions and classes with a name',
      '(given)=>{function one(n){return n?one(n-1)+given.b:0}class Two{three(){return one(3)}}return new Two().three()}',
    ],
    ['var, whose home is the function', '(given)=>{if(given){var one=given.b}return ((two)=>one+two)(1)}'],
  ])('do not change %s', (_, text) => {
    const [before, after] = both(text);
    expect(after).toEqual(before);
  });

  it('say where each of them has gone', () => {
    const { code, words } = readScript('(longer)=>longer.kept+longer', () => undefined);
    const names = nameAll(words, chosen);
    expect(printScript(code, names)).toBe('(a)=>a.kept+a');
    expect(placesOf(code, names)).toEqual([
      { was: 7, now: 2 },
      { was: 16, now: 6 },
      { was: 28, now: 13 },
    ]);
  });
});
