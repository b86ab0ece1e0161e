import { ChevronRight } from 'lucide-react'
import type { Seen } from '../api/types'
import { sawLines, sawWords } from './saw'

/** What of the workspace the model was shown for an answer, for everybody who may see that. Closed until asked for. */
export function Saw({ context, model }: { context: readonly Seen[] | null | undefined; model: string | undefined }) {
  if (!context || context.length === 0) return null
  return (
    <details className="saw">
      <summary>
        <ChevronRight aria-hidden /> What it saw
      </summary>
      <ul>
        {sawLines(context).map(({ what, path, details }, index) => (
          <li key={index}>
            {what} {path === null ? null : <bdi className="saw-path">{path}</bdi>}{' '}
            {details.length === 0 ? null : <span className="saw-details">{details.join(' · ')}</span>}
          </li>
        ))}
      </ul>
      <p className="saw-sum">
        In all {sawWords(context)}, and what was asked.{' '}
        {model === undefined ? null : (
          <>
            Model: <bdi>{model}</bdi>
          </>
        )}
      </p>
    </details>
  )
}
