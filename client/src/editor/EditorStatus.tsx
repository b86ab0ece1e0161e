import type { EditorView } from '@codemirror/view'
import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react'
import { writtenKey } from '../actions/catalogue'
import { Hint } from '../ui/Button'
import { type Indentation, inWords } from './indentation/indentation'
import { problemCommands } from './problems/commands'
import { countsInWords } from './problems/problem'
import type { ProblemState } from './problems/useProblems'

interface EditorStatusProps {
  view: EditorView | null
  /** What the keys mean at the moment; null for the usual ones. */
  mode: string | null
  problems: ProblemState | null
  indentation: Indentation | null
}

const reasons = {
  editorconfig: 'as .editorconfig says',
  text: 'as in this text',
  kind: 'usual for this kind of file',
}

/** One quiet line below the text: what the keys mean, what is wrong, and how it is indented. */
export function EditorStatus({ view, mode, problems, indentation }: EditorStatusProps) {
  return (
    <div className="editor-status">
      <span className="editor-mode" role="status">
        {mode}
      </span>
      {problems === null || view === null ? null : <Problems state={problems} view={view} />}
      {indentation === null ? null : (
        <span
          className="editor-indentation"
          title={`One level is ${inWords(indentation)}, ${reasons[indentation.from]}`}
        >
          {inWords(indentation)}
        </span>
      )}
    </div>
  )
}

function Problems({ state: { counts, trouble }, view }: { state: ProblemState; view: EditorView }) {
  if (trouble !== null) return <span className="editor-trouble">{trouble}</span>
  const words = countsInWords(counts)
  if (words === '') {
    return (
      <span className="editor-fine">
        <CircleCheck aria-hidden /> No problems
      </span>
    )
  }
  const Sign = counts.error > 0 ? CircleAlert : TriangleAlert
  return (
    <Hint label="List what is wrong in this text" keys={writtenKey('problems.list')} side="top">
      <button
        type="button"
        className="editor-problems"
        data-worst={counts.error > 0 ? 'error' : counts.warning > 0 ? 'warning' : 'info'}
        onClick={() => problemCommands['problems.list'](view)}
      >
        <Sign aria-hidden /> {words}
      </button>
    </Hint>
  )
}
