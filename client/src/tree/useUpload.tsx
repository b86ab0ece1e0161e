import { type ReactNode, useState } from 'react'
import { plural } from '../lib/format'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { attempt } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { type Collected, collectChosen, collectDropped } from './collect'
import { planUpload, separateArchives, type Separated, type UploadPlan } from './plan'

export interface Upload {
  /** Puts what was dropped or chosen into the folder at this path; "" is the workspace itself. */
  upload: (from: DataTransfer | FileList, folder: string) => void
  /** The question whether archives are to be unpacked, or files to be replaced, while it stands. */
  confirm: ReactNode
}

type Asked =
  | { about: 'archives'; separated: Separated; collected: readonly Collected[]; folder: string }
  | { about: 'clashes'; plan: UploadPlan }

interface QuestionProps {
  title: string
  description: string
  paths: readonly string[]
  no: string
  onNo: () => void
  yes: string
  onYes: () => void
  onClose: () => void
}

function Question({ title, description, paths, no, onNo, yes, onYes, onClose }: QuestionProps) {
  return (
    <Dialog title={title} description={description} onClose={onClose}>
      <ul className="clashing">
        {paths.slice(0, 6).map((path) => (
          <li key={path}>{path}</li>
        ))}
        {paths.length > 6 ? <li>and {paths.length - 6} more</li> : null}
      </ul>
      <div className="dialog-foot">
        <Button look="quiet" onClick={onNo}>
          {no}
        </Button>
        <Button look="primary" onClick={onYes}>
          {yes}
        </Button>
      </div>
    </Dialog>
  )
}

export function useUpload(): Upload {
  const { tree, uploads } = useWorkspace()
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = () => setAsked(null)

  const bring = (collected: readonly Collected[], folder: string) => {
    const plan = planUpload(tree.tree.get(), folder, collected)
    if (plan.clashing.length > 0) setAsked({ about: 'clashes', plan })
    else void uploads.add(plan.fresh)
  }
  const start = async (from: DataTransfer | FileList, folder: string) => {
    const collected = from instanceof FileList ? collectChosen(from) : await collectDropped(from)
    const separated = separateArchives(collected)
    if (separated.archives.length > 0) setAsked({ about: 'archives', separated, collected, folder })
    else bring(collected, folder)
  }

  const askAboutArchives = ({ separated, collected, folder }: Asked & { about: 'archives' }) => {
    const { archives, others } = separated
    const one = archives.length === 1
    return (
      <Question
        title={one ? 'Unpack this archive?' : 'Unpack these archives?'}
        description={`The files in ${one ? 'it' : 'them'} go into ${folder === '' ? 'this workspace' : `“${folder}”`}. One that is here already is changed where it differs, for everybody; nothing is deleted.`}
        paths={archives.map(({ name }) => name)}
        no={one ? 'Keep it as a file' : 'Keep them as files'}
        onNo={() => {
          close()
          bring(collected, folder)
        }}
        yes="Unpack"
        onYes={() => {
          close()
          void uploads.unpack(archives, folder)
          bring(others, folder)
        }}
        onClose={close}
      />
    )
  }
  const askAboutClashes = ({ fresh, clashing }: UploadPlan) => {
    const answer = (files: readonly Collected[]) => {
      close()
      void uploads.add(files)
    }
    return (
      <Question
        title={`${plural(clashing.length, 'file is', 'files are')} already here`}
        description="Replacing changes the text for everybody, also for those who have it open."
        paths={clashing.map(({ path }) => path)}
        no={fresh.length === 0 ? 'Cancel' : 'Leave them, add the others'}
        onNo={() => answer(fresh)}
        yes="Replace"
        onYes={() => answer([...fresh, ...clashing])}
        onClose={close}
      />
    )
  }

  return {
    upload: (from, folder) => void attempt('Nothing was uploaded', () => start(from, folder)),
    confirm: asked === null ? null : asked.about === 'archives' ? askAboutArchives(asked) : askAboutClashes(asked.plan),
  }
}
