import type { Hunk } from '../api/types'

/** Lines of a change that are shown; the whole of it is in the text. */
const most = 8

const lines = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

/** A change that is made in many places is shown once. */
const distinct = (hunks: readonly Hunk[]): Hunk[] => [
  ...new Map(hunks.map((hunk) => [JSON.stringify([hunk.base, hunk.proposed]), hunk])).values(),
]

/** What goes and what comes, line by line. */
export function Change({ hunks }: { hunks: readonly Hunk[] }) {
  const all = distinct(hunks).flatMap(({ id, base, proposed }) => [
    ...lines(base).map((text, at) => ({ key: `${id}-${at}`, text, gone: true })),
    ...lines(proposed).map((text, at) => ({ key: `${id}+${at}`, text, gone: false })),
  ])
  return (
    <pre className="notice-change" tabIndex={0} aria-label="The change">
      {all.slice(0, most).map(({ key, text, gone }) =>
        gone ? (
          <del key={key}>
            <span className="sr-only">goes: </span>
            {text || ' '}
          </del>
        ) : (
          <ins key={key}>
            <span className="sr-only">comes: </span>
            {text || ' '}
          </ins>
        ),
      )}
      {all.length > most ? <span>… and {all.length - most} more lines</span> : null}
    </pre>
  )
}
