import { type ChangeDesc, ChangeSet, type Text } from '@codemirror/state'

/** Lines as the server counts them: what follows the last line end is one only if there is something. */
export function countLines(doc: Text): number {
  return doc.lines - (doc.line(doc.lines).length === 0 ? 1 : 0)
}

/**
 * What a text went through while an answer about it was on its way. The answer is about one of its states on that way,
 * and is brought to the present one by what came after.
 */
export class Passage {
  private readonly states: Text[]
  private readonly changes: ChangeDesc[] = []

  constructor(doc: Text) {
    this.states = [doc]
  }

  /** The text became `doc`. */
  add(changes: ChangeDesc, doc: Text): void {
    this.changes.push(changes)
    this.states.push(doc)
  }

  /** The newest state with this length and so many lines, and what has happened since; null when there was none. */
  find(length: number, lines: number): { doc: Text; since: ChangeDesc } | null {
    const at = this.states.findLastIndex((doc) => doc.length === length && countLines(doc) === lines)
    const doc = this.states[at]
    if (doc === undefined) return null
    const since = this.changes
      .slice(at)
      .reduce<ChangeDesc>((all, next) => all.composeDesc(next), ChangeSet.empty(length).desc)
    return { doc, since }
  }
}
