import { useEffect, useState } from 'react'
import type * as Y from 'yjs'
import type { DocumentSession } from '../document/session'
import { useDocumentSession } from '../document/useDocumentSession'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { applied, lastFirst, type TextEdit } from './assistantFile'
import { assistantFile } from './path'

export interface SharedFile {
  /** As it stands now, with what others type; "" where there is no file, null until that is known. */
  text: string | null
  exists: boolean
  /** Makes the edits of the text as it is in that very moment; resolves when all of it is saved. */
  write: (edits: (text: string) => readonly TextEdit[]) => Promise<void>
}

/** Milliseconds to wait for a save before saying that there is none yet. */
const patience = 10_000

/** The assistant's settings as a shared text. The file is made when something is first written. */
export function useAssistantFile(): SharedFile {
  const { tree, api } = useWorkspace()
  const opened = useStore(tree.state).is === 'open'
  const node = useStore(tree.tree).byPath.get(assistantFile)
  const session = useDocumentSession(node?.kind === 'text' ? node.id : null)
  const text = useTextOf(session)
  if (node?.kind !== 'text') {
    const write = (edits: (text: string) => readonly TextEdit[]) => api.writeFile(assistantFile, applied('', edits('')))
    return { text: opened ? '' : null, exists: false, write }
  }
  const write = async (edits: (text: string) => readonly TextEdit[]) => {
    if (session === null) throw new Error('The settings are still being opened.')
    session.barriers.allow(true)
    session.doc.transact(() => {
      for (const { from, to, insert } of lastFirst(edits(session.text.toString()))) {
        session.text.delete(from, to - from)
        session.text.insert(from, insert)
      }
    })
    await inTime(session.barriers.saved())
  }
  return { text, exists: true, write }
}

function inTime(saved: Promise<void>): Promise<void> {
  const late = new Promise<never>((_resolve, reject) =>
    setTimeout(
      () => reject(new Error('The settings have not reached the server yet. They will as soon as it can be reached.')),
      patience,
    ),
  )
  return Promise.race([saved, late])
}

function useTextOf(session: DocumentSession | null): string | null {
  const [shown, setShown] = useState<{ of: Y.Text; text: string } | null>(null)
  const phase = useOpen(session)
  useEffect(() => {
    if (session === null || !phase) return undefined
    const { text } = session
    const read = () => setShown({ of: text, text: text.toString() })
    read()
    text.observe(read)
    return () => text.unobserve(read)
  }, [session, phase])
  return session !== null && shown?.of === session.text ? shown.text : null
}

/** Whether the text has come. */
function useOpen(session: DocumentSession | null): boolean {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    if (session === null) return undefined
    const read = () => setOpen(session.phase.get().is === 'open')
    read()
    return session.phase.subscribe(read)
  }, [session])
  return session !== null && open
}
