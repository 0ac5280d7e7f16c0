import { purity } from './scripts/purity.mjs';
import { walls } from './scripts/walls.mjs';

export default {
  plugins: ['typescript', 'unicorn', 'oxc', 'import'],
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  categories: { correctness: 'error' },
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
    // `import { type X }` leaves an empty import behind at run time, which would carry zod into a browser.
    'typescript/no-import-type-side-effects': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'import/no-cycle': 'error',
    eqeqeq: ['error', 'smart'],
    'prefer-const': 'error',
    'no-var': 'error',
    // Off, because each refuses something that reads well here: tables built by spreading rows, arrays of a known
    // length, text that is searched for control characters, and functions taken out of objects made of functions.
    'unicorn/no-useless-spread': 'off',
    'unicorn/no-new-array': 'off',
    'no-control-regex': 'off',
    'typescript/unbound-method': 'off',
  },
  overrides: [
    ...walls,
    purity,
    // Plain JavaScript has no types to tell an array of strings, which may be sorted as it is.
    { files: ['**/*.mjs'], rules: { 'typescript/require-array-sort-compare': 'off' } },
  ],
  ignorePatterns: ['**/dist'],
};
