import type { Compartment } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { useEffect, useState } from 'react'
import { Problem as Refusal } from '../../api/problem'
import type { WorkspaceApi } from '../../api/workspace'
import { useWorkspace } from '../../workspace/context'
import { type Checker, checkerOf } from './checker'
import { type Counts, type Problem } from './problem'

export interface ProblemState {
  counts: Counts
  /** Why nothing can be said, in a sentence. */
  trouble: string | null
}

/** Characters up to which the browser checks what it can; more would be felt while one types. */
const mostHere = 100_000

async function check(api: WorkspaceApi, path: string, checker: Checker, text: string, signal: AbortSignal) {
  if (checker !== 'python' && text.length <= mostHere) {
    if (checker === 'yaml') return (await import('./yaml')).yamlProblems(text)
    return (await import('./json')).jsonProblems(text, checker === 'json with comments')
  }
  return (await api.diagnose(path, text, signal)).diagnostics
}

function trouble(error: unknown): { words: string; again: number | null } {
  if (!(error instanceof Refusal)) return { words: 'Not checked', again: null }
  if (error.status === 0) return { words: 'Not checked: the server cannot be reached', again: 10_000 }
  if (error.status === 429) return { words: 'Checked again in a moment', again: 5_000 }
  if (error.status < 500) return { words: `Not checked: ${error.detail}`, again: null }
  return { words: 'Not checked: the server has no time for it', again: 30_000 }
}

/** What is wrong with the text; null for one that nobody checks, and until somebody has. */
export function useProblems(view: EditorView | null, path: string, part: Compartment): ProblemState | null {
  const { api } = useWorkspace()
  const checker = checkerOf(path)
  const [state, setState] = useState<ProblemState | null>(null)

  useEffect(() => {
    if (view === null || checker === null) return undefined
    let leave = () => undefined
    let current = true
    import('./layer').then(
      ({ problemLayer, withoutProblems }) => {
        if (!current) return
        const layer = problemLayer(view, {
          check: (text, signal): Promise<readonly Problem[]> => check(api, path, checker, text, signal),
          trouble,
          tell: (counts, words) => setState({ counts, trouble: words }),
        })
        view.dispatch({ effects: part.reconfigure(layer) })
        leave = () => {
          view.dispatch({ effects: part.reconfigure([]) })
          withoutProblems(view)
          return undefined
        }
      },
      (error: unknown) => console.warn('What checks this file did not load', error),
    )
    return () => {
      current = false
      leave()
      setState(null)
    }
  }, [view, api, path, checker, part])

  return checker === null ? null : state
}
