import type { ActionId } from '../actions/catalogue'
import { type Offers, registry } from '../actions/registry'
import { useActions } from '../actions/useActions'
import { selected } from '../find/selected'
import { attempt, tell } from '../ui/toasts'
import { useRole, useWorkspace } from './context'
import type { Panel } from './Shell'
import type { OpenFile } from './useOpenFile'

interface ShellParts {
  file: OpenFile
  filesOpen: boolean
  panel: Panel | null
  toggleFiles: () => void
  toggle: (panel: Panel) => void
  /** In all files, this text. */
  find: (text: string) => void
}

// What a panel itself offers while it is there: otherwise it is opened first.
const inFiles: ActionId[] = ['files.new', 'files.newFolder', 'files.write', 'files.upload', 'files.uploadFolder']

/** The actions of the workspace around the text. */
export function useShellActions({ file, filesOpen, panel, toggleFiles, toggle, find }: ShellParts): void {
  const { api, chat, history, tabs } = useWorkspace()
  const { canEdit, isOwner } = useRole()
  const { node, deleted } = file
  const offers: Offers = {
    'show.files': toggleFiles,
    'show.chat': () => toggle('chat'),
    'go.find': () => find(selected()),
    'show.history': () => toggle('history'),
    'show.comments': () => toggle('comments'),
    'show.notices': () => toggle('notices'),
    'show.people': () => toggle('people'),
  }
  const after = (open: () => void, id: ActionId) => () => {
    registry.runWhenOffered(id)
    open()
  }
  if (panel !== 'chat') offers['chat.list'] = after(() => toggle('chat'), 'chat.list')
  if (isOwner && panel !== 'people') offers['workspace.invite'] = after(() => toggle('people'), 'workspace.invite')
  if (node?.kind === 'text' && !deleted) offers['show.authors'] = history.toggleWhoWrote
  if (!filesOpen) offers['files.trash'] = after(toggleFiles, 'files.trash')
  if (canEdit) {
    if (!filesOpen) for (const id of inFiles) offers[id] = after(toggleFiles, id)
    if (!filesOpen && node !== null && !deleted) {
      for (const id of ['files.rename', 'files.move', 'files.remove'] as const) offers[id] = after(toggleFiles, id)
    }
    offers['assistant.knowledge'] = () => {
      void attempt('KNOWLEDGE.md is not brought up to date', async () => {
        await api.askKnowledge()
        tabs.openKept('KNOWLEDGE.md')
        tell('The assistant reads what was written last')
      })
    }
    offers['chat.new'] = () => {
      if (panel !== 'chat') toggle('chat')
      void attempt('The conversation was not begun', () => chat.open(null))
    }
  }
  if (node !== null && !deleted) {
    const copy = async () => {
      await navigator.clipboard.writeText(node.path)
      tell('The path is in your clipboard')
    }
    offers['files.copyPath'] = () => void attempt('The path was not copied', copy)
    if (node.kind !== 'folder') {
      offers['files.download'] = () =>
        Object.assign(document.createElement('a'), { href: api.fileUrl(node.path), download: node.name }).click()
    }
  }
  useActions(offers)
}
