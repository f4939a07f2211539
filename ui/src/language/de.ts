/** German. `npm test` says what is missing and what is not used any more. */
export const GERMAN: Readonly<Record<string, string>> = {};
