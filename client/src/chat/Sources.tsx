import type { MouseEvent } from 'react'
import { PlaceLink } from '../app/PlaceLink'
import { baseName } from '../lib/paths'
import { useWorkspace } from '../workspace/context'
import { isGone, type Source } from './citations'

interface SourcesProps {
  cited: readonly Source[]
  onFollow: (event: MouseEvent, source: Source) => void
}

/** The passages that an answer cites, below it. */
export function Sources({ cited, onFollow }: SourcesProps) {
  const { id } = useWorkspace()
  if (cited.length === 0) return null
  return (
    <div className="sources">
      <span aria-hidden>Sources</span>
      <ul aria-label="Sources">
        {cited.map((source) => {
          const { number, path, place, gone } = source
          const name = baseName(path)
          return (
            <li key={number}>
              {gone ? (
                <span className="source" title={isGone(source)}>
                  <span className="source-number">{number}</span> <s>{name}</s>
                </span>
              ) : (
                <PlaceLink
                  className="source"
                  title={path}
                  place={{ at: 'workspace', workspace: id, path }}
                  onClick={(event) => onFollow(event, source)}
                >
                  <span className="source-number">{number}</span> <bdi>{name}</bdi>
                  {place === '' ? null : <span className="source-place">, {place}</span>}
                </PlaceLink>
              )}
            </li>
          )
        })}
      </ul>
    </div>
  )
}
