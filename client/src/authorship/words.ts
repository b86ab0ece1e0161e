import { momentInShort, momentInWords } from '../history/times'
import type { Authored } from './lines'

/** Who reads. */
export interface Reader {
  /** Id of the person. */
  me: string
}

/** Who wrote a line, and when; null for one that is newer than what is known. */
export function authoredInWords(authored: Authored | null, isEmpty: boolean, { me }: Reader, now = new Date()): string {
  if (authored === null) return isEmpty ? 'nothing is written there' : 'written just now'
  const { hand, at } = authored
  if (hand === null) return 'nobody is recorded'
  const name = hand.kind === 'assistant' ? 'the assistant' : hand.id === me ? 'you' : hand.name
  return at === null ? name : `${name}, ${momentInWords(new Date(at), now)}`
}

/** A moment beside a line. */
export const shortWhen = (at: string) => momentInShort(new Date(at), new Date())
