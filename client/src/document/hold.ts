/**
 * Why the server, which is there, takes nothing for now and is tried again. Edits wait in this browser.
 *
 * - `full`: its database is away, and no more edits fit into the memory for those that wait for it
 * - `away`: it cannot work on this document now, for the reason that it gives
 * - `too fast`: more was sent than it takes at once
 */
export type Hold = { is: 'full' } | { is: 'away'; reason: string } | { is: 'too fast' }

/** Why the server closes whoever edits while its memory is full (docs/sync.md). */
const memoryFull = 'the database is away and the memory for edits is full'

/** After a connection ended; `close` is null where this browser itself has ended it. */
export function holdAfter(before: Hold | null, close: { code: number; reason: string } | null): Hold | null {
  switch (close?.code) {
    case 1013:
      // Who comes again is refused because nobody can be looked up; the memory is as full as before.
      return before?.is === 'full' || close.reason === memoryFull
        ? { is: 'full' }
        : { is: 'away', reason: close.reason }
    case 4529:
      // Also for many who try to come in at once while it cannot let them in.
      return before ?? { is: 'too fast' }
    default:
      return null
  }
}

/** For the bar, after what is not the case. */
export function holdInShort(hold: Hold, kept: boolean): string {
  if (hold.is === 'too fast') return 'more was sent than the server takes at once'
  return kept ? 'your edits are kept here' : 'your edits are kept until you close this page'
}

export interface HoldWords {
  title: string
  detail: string
}

/** `outage`: what the server itself says is away, see `outageIn`. */
export function holdInFull(
  hold: Exclude<Hold, { is: 'too fast' }>,
  outage: string | null,
  who: 'opens' | 'reads' | 'writes',
  kept: boolean,
): HoldWords {
  const full = hold.is === 'full'
  // The page itself tries again.
  const why = outage ?? (full ? 'the server’s database is away' : hold.reason.replace(/ ?Try again[^.]*\./, ''))
  const next = {
    opens: 'It opens by itself as soon as that is over.',
    reads: 'What others write does not reach you meanwhile. It goes on by itself as soon as that is over.',
    writes:
      `What you type is kept ${kept ? 'in this browser' : 'until you close this page'}, and nobody else sees it yet. ` +
      'It is saved by itself as soon as that is over.',
  }
  return {
    title: full ? 'The server has no room for more edits now' : 'The server cannot work on this file now',
    detail: `${sentence(why)} ${next[who]}`,
  }
}

const sentence = (words: string) =>
  words === '' ? 'It gave no reason.' : `${words.charAt(0).toUpperCase()}${words.slice(1).replace(/\.$/, '')}.`
