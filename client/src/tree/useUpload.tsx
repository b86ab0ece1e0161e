import { type ReactNode, useState } from 'react'
import { plural } from '../lib/format'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { attempt } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { collectChosen, collectDropped } from './collect'
import { planUpload, type UploadPlan } from './plan'

export interface Upload {
  /** Puts what was dropped or chosen into the folder at this path; "" is the workspace itself. */
  upload: (from: DataTransfer | FileList, folder: string) => void
  /** The question whether files are to be replaced, while it stands. */
  confirm: ReactNode
}

export function useUpload(): Upload {
  const { tree, uploads } = useWorkspace()
  const [asked, setAsked] = useState<UploadPlan | null>(null)

  const start = async (from: DataTransfer | FileList, folder: string) => {
    const collected = from instanceof FileList ? collectChosen(from) : await collectDropped(from)
    const plan = planUpload(tree.tree.get(), folder, collected)
    if (plan.clashing.length > 0) setAsked(plan)
    else await uploads.add(plan.fresh)
  }
  const answer = (files: UploadPlan['fresh']) => {
    setAsked(null)
    void uploads.add(files)
  }

  const confirm =
    asked === null ? null : (
      <Dialog
        title={`${plural(asked.clashing.length, 'file is', 'files are')} already here`}
        description="Replacing changes the text for everybody, also for those who have it open."
        onClose={() => setAsked(null)}
      >
        <ul className="clashing">
          {asked.clashing.slice(0, 6).map(({ path }) => (
            <li key={path}>{path}</li>
          ))}
          {asked.clashing.length > 6 ? <li>and {asked.clashing.length - 6} more</li> : null}
        </ul>
        <div className="dialog-foot">
          <Button look="quiet" onClick={() => answer(asked.fresh)}>
            {asked.fresh.length === 0 ? 'Cancel' : 'Leave them, add the others'}
          </Button>
          <Button look="primary" onClick={() => answer([...asked.fresh, ...asked.clashing])}>
            Replace
          </Button>
        </div>
      </Dialog>
    )
  return {
    upload: (from, folder) => void attempt('Nothing was uploaded', () => start(from, folder)),
    confirm,
  }
}
