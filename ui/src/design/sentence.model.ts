/** Moments in the server's sentences. */

const MOMENT = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))/;

export interface Part {
  said: string;
  isMoment: boolean;
}

/** The sentence in parts: its moments, and what stands between them. */
export function momentsIn(text: string): Part[] {
  return text
    .split(MOMENT)
    .map((said, at) => ({ said, isMoment: at % 2 === 1 }))
    .filter(({ said }) => said !== "");
}
