import { Suspense } from 'react'
import { lazily } from '../ui/lazily'
import type { DocumentSession } from '../document/session'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { isSplit, type Side } from '../tabs/layout'
import { useWorkspace } from './context'
import { Half } from './Half'
import type { OpenFile } from './useOpenFile'

const Split = lazily(() => import('./Split'), { ahead: true })

interface HalvesProps {
  files: readonly [OpenFile, OpenFile]
  sessions: readonly [DocumentSession | null, DocumentSession | null]
  figures: boolean
  label: string
}

/** The middle of the window: one half, or two side by side. Where only one fits it is that with the focus. */
export function Halves({ files, sessions, figures, label }: HalvesProps) {
  const layout = useStore(useWorkspace().tabs.layout)
  const narrow = useNarrow()
  const file = files[layout.focus]
  const half = (side: Side) => (
    <Half key={side} side={side} file={files[side]} session={sessions[side]} figures={figures} />
  )
  return (
    <main className="halves" aria-label={label}>
      {file.node === null || file.node.kind === 'folder' ? null : <h1 className="sr-only">{file.path}</h1>}
      {isSplit(layout) && !narrow ? (
        <Suspense>
          <Split left={half(0)} right={half(1)} />
        </Suspense>
      ) : (
        half(layout.focus)
      )}
    </main>
  )
}
