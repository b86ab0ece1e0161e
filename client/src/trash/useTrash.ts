import { useCallback, useEffect, useRef, useState } from 'react'
import { describe } from '../api/problem'
import { type Deleted, listTrash } from '../api/trash'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'

interface Read {
  /** Null until the server has told. */
  entries: readonly Deleted[] | null
  problem: string
}

/** What is in the trash, read anew whenever somebody deletes something or puts it back. */
export function useTrash(): Read & { load: () => Promise<void> } {
  const { id, tree } = useWorkspace()
  const { trash } = useStore(tree.tree)
  const connected = useStore(tree.connected)
  const [read, setRead] = useState<Read>({ entries: null, problem: '' })
  const asked = useRef(0)
  const load = useCallback(() => {
    asked.current += 1
    const mine = asked.current
    return listTrash(id).then(
      (entries) => (mine === asked.current ? setRead({ entries, problem: '' }) : undefined),
      (error: unknown) => {
        const { title, detail } = describe(error)
        if (mine === asked.current) setRead((before) => ({ ...before, problem: detail || title }))
      },
    )
  }, [id])
  const inTrash = [...trash.keys()].join()
  useEffect(() => void load(), [load, inTrash, connected])
  return { ...read, load }
}
