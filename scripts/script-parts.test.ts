// Other names and orders must not change what a script does: what it sees outside stays outside, what it told apart stays apart,
// and what happens one after the other still does.

import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

interface Read {
  parts: object[];
  words: { text: string }[];
  lists: { elements: { text: string }[] }[];
}
type Names = ReadonlyMap<object, string>;
type Chosen = Record<'variables' | 'properties', Record<string, string>>;

const module = (name: string): Promise<unknown> => import(new URL(name, import.meta.url).href);
const { printScript, readScript } = (await module('script-parts.mjs')) as {
  readScript(text: string, wordOf: (name: unknown) => string | undefined): Read;
  printScript(parts: object[], names: Names, places?: object[]): string;
};
const { nameAll } = (await module('short-names.mjs')) as {
  nameAll(words: object[], chosen: Chosen): Names;
};
const { sortAll } = (await module('free-orders.mjs')) as {
  sortAll(lists: object[], order: readonly string[]): void;
};

const chosen: Chosen = { variables: {}, properties: {} };

/** `price` and `total` may have other names as properties. */
const read = (text: string): Read =>
  readScript(text, (name) => (name === 'price' || name === 'total' ? name : undefined));

function shortened(text: string, names = chosen): string {
  const { parts, words } = read(text);
  return printScript(parts, nameAll(words, names));
}

/** With its own names, and all that may stand elsewhere by the alphabet, from its end. */
function sorted(code: string, places?: object[]): string {
  const { parts, words, lists } = read(code);
  const elements = lists.flatMap((list) => list.elements);
  sortAll(lists, [...new Set(elements.map(({ text }) => text))].sort().reverse());
  return printScript(parts, new Map(words.map((word) => [word, word.text])), places);
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
});

describe('other orders', () => {
  it.each([
    ['methods', '({a(){},b:()=>1,c:3,d(){},e(){}})', '({b:()=>1,a(){},c:3,e(){},d(){}})'],
    ['properties that nobody else knows', '({price:1,total:x})', '({total:x,price:1})'],
    ['what is taken from an object', '({a,b:y=1,c})=>a', '({c,b:y=1,a})=>a'],
    ['variables that begin plain', 'let a=1,b,c=()=>a,d=new Map;', 'let d=new Map,c=()=>a,b,a=1;'],
    ['functions', '{function a(){}function b(){}}', '{function b(){}function a(){}}'],
    ['both sides of a comparison', 'if(a<b.c+d&&"x"===d.e)f()', 'if(b.c+d>a&&d.e==="x")f()'],
    ['a side behind a word', '()=>{return"x"===d}', '()=>{return d==="x"}'],
    [
      'a side behind a word that needs no space',
      '()=>{return d===e.f||z===1}',
      '()=>{return e.f===d||z===1}',
    ],
    ['what the least is taken of', 'Math.min(a,b.c,f(),d,e)', 'Math.min(b.c,a,f(),e,d)'],
    ['what is in one of them', '({a(){let a,b},b(){let c,d}})', '({b(){let d,c},a(){let b,a}})'],
  ])('are found for %s', (_, text, other) => {
    expect(sorted(text)).toBe(other);
  });

  it.each([
    ['properties that somebody may list', '({websocket:a,sse(){},poll:b})'],
    ['what is left of an object', '({a,b,...rest})=>rest'],
    ['what a default is made of', '({a,b=a,c=f()})=>b'],
    ['calls and what is copied', '({price:f(),total:g(),...a,total:x})'],
    ['variables that are made of others', 'let a=b,c=a+1,d=f();'],
    ['parameters', '(a,b)=>a'],
    ['sides that do something', 'a()===b||a().b===c||a++<c||(a=1)<b||(a&&b)===c||(b===a)===c'],
    ['what is not the same from its other side', 'a-b,a in b,a instanceof b,a&&b'],
  ])('are not for %s', (_, text) => {
    expect(sorted(text)).toBe(text);
  });

  it('say where each part has gone', () => {
    const places: object[] = [];
    expect(sorted('let a=1,b=2;', places)).toBe('let b=2,a=1;');
    expect(places).toContainEqual({ was: 4, now: 8 });
    expect(places).toContainEqual({ was: 8, now: 4 });
  });
});
