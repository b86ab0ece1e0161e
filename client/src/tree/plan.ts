import { joinPath } from '../lib/paths'
import type { Collected } from './collect'
import type { Tree } from './rules'

export interface UploadPlan {
  /** With their full paths in the workspace. */
  fresh: Collected[]
  /** Files whose place is taken by a file; they would replace its content for everybody. */
  clashing: Collected[]
}

/** Archives lie open where they were dropped or chosen; one inside a folder is a file of that folder. */
const isArchive = ({ path, file }: Collected): boolean => file !== null && /^[^/]+\.zip$/i.test(path)

export interface Separated {
  archives: File[]
  others: Collected[]
}

export function separateArchives(collected: readonly Collected[]): Separated {
  return {
    archives: collected.flatMap((item) => (isArchive(item) && item.file !== null ? [item.file] : [])),
    others: collected.filter((item) => !isArchive(item)),
  }
}

/** What putting `collected` into the folder at `target` ("" is the workspace) would do. */
export function planUpload(tree: Tree, target: string, collected: readonly Collected[]): UploadPlan {
  const plan: UploadPlan = { fresh: [], clashing: [] }
  for (const item of collected) {
    const path = joinPath(target, item.path.normalize('NFC'))
    const taken = tree.byPath.get(path)
    if (taken !== undefined && item.file === null) continue
    const list = taken === undefined || taken.kind === 'folder' ? plan.fresh : plan.clashing
    list.push({ ...item, path })
  }
  return plan
}
