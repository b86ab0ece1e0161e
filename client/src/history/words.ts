import type { Hand, Version } from '../api/history'
import { momentInWords } from './times'

/** More names than these become a number. */
const mostNamed = 3

const nameOf = (hand: Hand, me: string) =>
  hand.kind === 'assistant' ? 'the assistant' : hand.id === me ? 'you' : hand.name

/** People by name, oneself first and the assistant last. */
export function inOrder(hands: readonly Hand[], me: string): Hand[] {
  const rank = (hand: Hand) => (hand.kind === 'assistant' ? 2 : hand.id === me ? 0 : 1)
  return [...hands].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** Who took part, as the beginning of a line: "You, Ann and the assistant". */
export function whoTookPart(hands: readonly Hand[], me: string): string {
  const names = inOrder(hands, me).map((hand) => nameOf(hand, me))
  if (names.length === 0) return 'Nobody is recorded'
  const left = names.length - mostNamed
  const named = left > 1 ? [...names.slice(0, mostNamed), `${left} more`] : names
  const last = named.pop() ?? ''
  return capital(named.length === 0 ? last : `${named.join(', ')} and ${last}`)
}

/** Why there is such a version, behind its time, where that is not just because the text was quiet. */
export function occasion({ automatic, by, name, before_restore: held }: Version, me: string): string | null {
  if (held) return 'before a restore'
  if (automatic || by === null) return null
  return `${name === null ? 'kept' : 'named'} by ${nameOf(by, me)}`
}

/** How a version is spoken of where there is only one. */
export function versionTitle({ name, at }: Version, now: Date): string {
  const moment = momentInWords(new Date(at), now)
  return name === null ? capital(moment) : `“${name}”, ${moment}`
}
