import { type ChangeDesc, MapMode, RangeSet, RangeSetBuilder, type Text } from '@codemirror/state'
import { GutterMarker } from '@codemirror/view'
import type { Attribution, Hand } from '../api/history'

/** Whoever wrote the most of a line, and when. */
export interface Authored {
  /** Null where nobody is recorded. */
  hand: Hand | null
  /** When it was there at the latest; null where that is not known. */
  at: string | null
}

/** What stands beside a line: the first of those that belong together tells who it was. */
export class AuthorMark extends GutterMarker {
  // It lies before the line end, and goes with that one: whatever is put in front of a line or behind it is not of it.
  override readonly mapMode = MapMode.TrackAfter

  constructor(
    readonly authored: Authored,
    readonly isFirst: boolean,
    private readonly draw: (mark: AuthorMark) => Node,
  ) {
    super()
  }

  override toDOM() {
    return this.draw(this)
  }
}

export type AuthorMarks = RangeSet<AuthorMark>

export const noMarks: AuthorMarks = RangeSet.empty as RangeSet<AuthorMark>

/**
 * A mark at the end of each line of `doc`, which the answer is about, brought to where those lines are `since`.
 * They go with their lines, so that a key costs no more than that; new lines have none until the next answer.
 */
export function marksOf(
  { authors, lines }: Attribution,
  doc: Text,
  since: ChangeDesc,
  draw: (mark: AuthorMark) => Node,
): AuthorMarks {
  const builder = new RangeSetBuilder<AuthorMark>()
  for (const { start, end, author, at } of lines) {
    const authored = { hand: author === null ? null : (authors[author] ?? null), at: at ?? null }
    const first = new AuthorMark(authored, true, draw)
    const rest = new AuthorMark(authored, false, draw)
    for (let number = start; number < end && number <= doc.lines; number++) {
      const { to } = doc.line(number)
      builder.add(to, to, number === start ? first : rest)
    }
  }
  return builder.finish().map(since)
}

/** Who wrote the line from here to there; null for a line that is newer than the last answer. */
export function markIn(marks: AuthorMarks, from: number, to: number): AuthorMark | null {
  let found: AuthorMark | null = null
  marks.between(from, to, (_from, _to, mark) => {
    found = mark
    return false
  })
  return found
}
