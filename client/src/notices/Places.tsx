import type { Notice } from '../api/types'
import { baseName } from '../lib/paths'

interface PlacesProps {
  /** Of the file that the notice is about. */
  path: string
  sources: Notice['sources']
  onGo: (path: string, line: number) => void
}

/** The lines that a notice is about, each of which leads there. */
export function Places({ path, sources, onGo }: PlacesProps) {
  return (
    <ul className="notice-places">
      {sources.map((source, number) => {
        const at = source.path ?? path
        return (
          <li key={number}>
            <button type="button" title={at} onClick={() => onGo(at, source.line)}>
              {source.path ? <bdi>{`${baseName(at)}, `}</bdi> : null}
              {`line ${source.line}`}
            </button>
            <code>{source.text}</code>
          </li>
        )
      })}
    </ul>
  )
}
