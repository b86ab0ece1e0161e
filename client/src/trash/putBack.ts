import { type Restored, restoreFromTrash } from '../api/trash'
import { go } from '../app/location'
import { baseName } from '../lib/paths'
import { attempt, tell } from '../ui/toasts'

/** Something in the trash. */
interface Gone {
  id: string
  path: string
}

/** Takes them out of the trash; a single file is opened. Resolves to what is back. */
export async function putBack(workspace: string, gone: readonly Gone[]): Promise<readonly Restored[]> {
  const back: Restored[] = []
  for (const { id, path } of gone) {
    await attempt(`“${baseName(path)}” was not put back`, async () => {
      const restored = await restoreFromTrash(workspace, id)
      back.push(restored)
      if (restored.path !== path) tell(`“${baseName(path)}” is back`, `It is at “${restored.path}” now.`)
    })
  }
  const [only] = back
  if (only !== undefined && gone.length === 1 && only.kind !== 'folder') {
    go({ at: 'workspace', workspace, path: only.path })
  }
  return back
}
