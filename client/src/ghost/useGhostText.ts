import type { Extension } from '@codemirror/state'
import { useMemo } from 'react'
import * as Y from 'yjs'
import { decideCompletion, streamCompletion } from '../api/completions'
import type { DocumentSession } from '../document/session'
import { again } from '../lib/again'
import { toBase64 } from '../lib/bytes'
import { useWorkspace } from '../workspace/context'
import { ghostText } from './ghostText'
import { completing } from './setting'

/** For the editor of this document, the same all its life. */
export function useGhostText({ document, text, undo }: DocumentSession): Extension {
  const { id: workspace, tree } = useWorkspace()
  return useMemo(() => {
    const anchor = (at: number, assoc: number) =>
      toBase64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, at, assoc)))
    return ghostText({
      ask: (at, expected, onPiece, signal) => {
        const path = tree.tree.get().nodes.get(document)?.path ?? ''
        return streamCompletion(workspace, { path, at, expected }, onPiece, signal)
      },
      tell: ({ id, decision, shownMs, taken }) => {
        const accepted = taken && {
          taken: taken.to - taken.from,
          anchors: [anchor(taken.from, 0), anchor(taken.to, -1)] as [string, string],
        }
        // It is for the record alone: whoever types has no use for hearing that it was not taken down.
        const told = { decision, shown_ms: Math.round(shownMs), ...accepted }
        again(() => decideCompletion(workspace, id, told)).catch(() => undefined)
      },
      newStep: () => undo.stopCapturing(),
      wanted: completing,
    })
  }, [document, text, undo, workspace, tree])
}
