import { Suspense, useEffect } from 'react'
import { lazily } from '../ui/lazily'
import { useActions } from '../actions/useActions'
import { go } from '../app/location'
import { arriveAt } from '../document/arrival'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { useWorkspace } from '../workspace/context'
import { Commands } from './Commands'
import { QuickOpen } from './QuickOpen'
import { recentFiles } from './recents'
import { closePalette, palette, showPalette } from './shown'

const KeysDialog = lazily(() => import('./KeysDialog'), { ahead: true })

interface PaletteProps {
  /** The file that is open. */
  open: TreeNode | null
  /** Called when somebody opens a file here, for a drawer to close. */
  onOpened: () => void
}

/**
 * What lies over the page to open a file or to do something. It comes with the page, not later: what somebody types
 * after its key must not go into the text of everybody.
 */
export function Palette({ open, onOpened }: PaletteProps) {
  const { id: workspace, tabs } = useWorkspace()
  const shown = useStore(palette)?.shown
  const narrow = useNarrow()
  useActions({
    'go.file': () => showPalette('files'),
    'go.actions': () => showPalette('actions'),
    'go.keys': () => showPalette('keys'),
    'go.start': () => go({ at: 'workspace', workspace, path: '' }),
  })
  const document = open?.kind === 'folder' ? undefined : open?.id
  useEffect(() => {
    if (document !== undefined) recentFiles(workspace).use(document)
  }, [workspace, document])
  // Whoever leaves the workspace leaves this, too.
  useEffect(() => closePalette, [])

  const openFile = (node: TreeNode, line: number | null, column: number | null) => {
    tabs.openKept(node.path)
    // A phone would bring its keyboard along, over the text that one came to read.
    if (node.kind === 'text') arriveAt({ document: node.id, line, column, focus: !narrow })
    onOpened()
  }
  if (shown === 'files') return <QuickOpen open={open} onOpen={openFile} />
  if (shown === 'actions') return <Commands />
  return <Suspense>{shown === 'keys' ? <KeysDialog onClose={closePalette} /> : null}</Suspense>
}
