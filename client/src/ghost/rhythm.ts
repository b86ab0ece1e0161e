/** How somebody types: when the last key came, and the milliseconds between two, on average over the last dozen. */
export interface Rhythm {
  last: number | null
  beat: number
}

export const unknownRhythm: Rhythm = { last: null, beat: 180 }

/** What takes longer was a thought, not a beat. */
const longestBeat = 2_000
const shortestPause = 180
const longestPause = 900

export function heard({ last, beat }: Rhythm, time: number): Rhythm {
  const interval = last === null ? Infinity : time - last
  // A clock may be set back.
  return { last: time, beat: interval >= 0 && interval <= longestBeat ? beat + (interval - beat) / 12 : beat }
}

/** Milliseconds without a key that are a pause of this person: a little more than two beats. */
export const pauseOf = ({ beat }: Rhythm): number =>
  Math.round(Math.min(longestPause, Math.max(shortestPause, 2.2 * beat)))
