import { ChevronLeft, ChevronRight, Copy, FilePen, RotateCw } from 'lucide-react'
import { type MouseEvent, useCallback, useMemo, useState } from 'react'
import type { ChatMessage, SharedFile } from '../api/types'
import { cancelJob } from '../api/workspace'
import { Saw } from '../assistant/Saw'
import { baseName } from '../lib/paths'
import { useStore } from '../lib/store'
import { Markdown } from '../markdown/Markdown'
import { AssistantAvatar } from '../ui/Avatar'
import { Button, IconButton } from '../ui/Button'
import { MenuAt, MenuItem, MenuSeparator } from '../ui/Menu'
import { attempt, tell } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { type Code, filesOfBlock, textFiles } from './blockFile'
import { codeTools, clickedTool, endsInsideABlock } from './codeTools'
import { Sources } from './Sources'
import { useCitations } from './useCitations'
import { useProposing } from './useProposing'
import { When } from './Question'

/** Whether there may be a code block. */
const fence = /```|~~~/

async function copy(text: string): Promise<void> {
  if (await attempt('It was not copied', () => navigator.clipboard.writeText(text))) tell('Copied')
}

function StopButton({ job }: { job: string }) {
  return (
    <Button small onClick={() => void attempt('The assistant was not stopped', () => cancelJob(job))}>
      Stop
    </Button>
  )
}

function State({ message }: { message: ChatMessage }) {
  const { canEdit } = useRole()
  const waiting = useStore(useWorkspace().waiting.why)
  const { state, job, error, text } = message
  if (state === 'failed') {
    return (
      <p className="problem" role="alert">
        {error ?? 'The assistant could not answer.'}
      </p>
    )
  }
  if (state === 'cancelled') return <p className="quiet">{text === '' ? 'Stopped.' : 'Stopped here.'}</p>
  if (state === 'done') return error === undefined ? null : <p className="quiet">{error}</p>
  return (
    <p className="message-state">
      {text === '' ? ((job === undefined ? undefined : waiting.get(job)) ?? 'Thinking…') : 'Writing…'}
      {job !== undefined && canEdit ? <StopButton job={job} /> : null}
    </p>
  )
}

interface SaidProps {
  message: ChatMessage
  conversation: string
  /** Of the file that is open. */
  open: string | null
  /** Of the file that it is most likely meant for. */
  path: string | null
  question: ChatMessage | null
  /** Null where nobody may, or not now. */
  onAskAgain: (() => void) | null
  /** Called when somebody goes to what it cites. */
  onLeave: () => void
}

/** What was answered, with all that can be done with it. */
function Said({ message, conversation, open, path, question, onAskAgain, onLeave }: SaidProps) {
  const { tree } = useWorkspace()
  const { canEdit } = useRole()
  const { propose, chooseFile, dialog } = useProposing(conversation, message.id, open)
  const [menu, setMenu] = useState<{ block: number; files: readonly string[]; button: HTMLElement } | null>(null)
  const ended = message.state !== 'streaming'
  // While it is being written nobody proposes anything of it, and its blocks stay the same elements.
  const answer = ended ? message.text : ''
  // By its letters: each answer that a question is given makes it another object.
  const asked = JSON.stringify({ text: question?.text, about: question?.about, mentions: question?.mentions })
  // As the tree is when somebody looks: answers are not drawn anew for each file that comes and goes.
  const filesOf = useCallback(
    (code: Code) => {
      const { text = '', about, mentions = [] } = JSON.parse(asked) as Partial<ChatMessage>
      const { nodes } = tree.tree.get()
      const pathOf = (file: SharedFile) => nodes.get(file.document)?.path ?? file.path
      const texts = [...nodes.values()].filter(({ kind }) => kind === 'text').map((node) => node.path)
      const said = {
        question: text,
        answer,
        mentions: mentions.map(pathOf),
        about: about === undefined ? null : pathOf(about),
        open,
      }
      return filesOfBlock(code, said, textFiles(texts))
    },
    [tree, asked, answer, open],
  )
  const hasCode = fence.test(message.text)
  const broken = ended && message.state !== 'done' && endsInsideABlock(message.text)
  const { decorate: cite, cited, onDrawn, follow, onClick: onCitation } = useCitations(message.context, onLeave)
  const tools = useMemo(() => {
    if (!hasCode) return null
    const named = (code: Code) => {
      const [file] = filesOf(code)
      return file === undefined ? null : baseName(file)
    }
    return codeTools(canEdit && ended ? named : null, broken)
  }, [hasCode, filesOf, canEdit, ended, broken])
  const decorate = useMemo(() => [tools, cite].filter((one) => one !== null), [tools, cite])

  const onClick = (event: MouseEvent) => {
    onCitation(event)
    const clicked = clickedTool(event.target)
    if (clicked === null) return
    if (clicked.tool === 'copy') {
      void copy(clicked.code)
      return
    }
    const { code, button } = clicked
    const files = filesOf(code)
    const [first, ...others] = files
    if (first === undefined) chooseFile(code.block)
    else if (clicked.tool === 'propose') propose(code.block, first)
    else setMenu({ block: code.block, files: others, button })
  }
  return (
    <>
      <Markdown text={message.text} path="" decorate={decorate} onClick={onClick} onDrawn={onDrawn} />
      <Sources cited={cited} onFollow={follow} />
      <State message={message} />
      <Saw context={message.context} model={message.model} />
      <div className="message-tools">
        {ended && message.text !== '' ? (
          <>
            <IconButton label="Copy the answer" side="top" onClick={() => void copy(message.text)}>
              <Copy />
            </IconButton>
            {canEdit && !broken ? (
              <IconButton
                label={path === null ? 'Propose the answer in a file…' : `Propose the answer in ${baseName(path)}`}
                side="top"
                onClick={() => (path === null ? chooseFile('all') : propose('all', path))}
              >
                <FilePen />
              </IconButton>
            ) : null}
          </>
        ) : null}
        {onAskAgain === null ? null : message.state === 'done' ? (
          <IconButton label="Try again" side="top" onClick={onAskAgain}>
            <RotateCw />
          </IconButton>
        ) : (
          <Button small look="quiet" onClick={onAskAgain}>
            <RotateCw aria-hidden /> Try again
          </Button>
        )}
      </div>
      {menu === null ? null : (
        <MenuAt anchor={menu.button} onClose={() => setMenu(null)}>
          {menu.files.map((file) => (
            <MenuItem key={file} onSelect={() => propose(menu.block, file)}>
              <bdi>{file}</bdi>
            </MenuItem>
          ))}
          {menu.files.length === 0 ? null : <MenuSeparator />}
          {/* After the menu has given the focus back. */}
          <MenuItem onSelect={() => void setTimeout(() => chooseFile(menu.block))}>Another file…</MenuItem>
        </MenuAt>
      )}
      {dialog}
    </>
  )
}

interface AnswerPartProps {
  conversation: string
  question: ChatMessage | null
  /** The oldest first. */
  answers: readonly ChatMessage[]
  path: string | null
  onLeave: () => void
}

/** The answer to a question: the newest one, unless somebody here looks at an earlier one. */
export function AnswerPart({ conversation, question, answers, path, onLeave }: AnswerPartProps) {
  const { api, tree } = useWorkspace()
  const { canEdit } = useRole()
  const { nodes } = useStore(tree.tree)
  const about = [question?.about, ...(question?.mentions ?? [])].flatMap(
    (file) => nodes.get(file?.document ?? '')?.path ?? [],
  )
  // Whoever has opened another file since most likely still means the one that was asked about.
  const file = path !== null && about.includes(path) ? path : (about[0] ?? path)
  const [looked, setLooked] = useState<{ at: string; of: string | undefined } | null>(null)
  const awaited = question?.answer
  const waits = awaited !== undefined && !answers.some(({ id }) => id === awaited)
  const newest = answers.length - 1 + (waits ? 1 : 0)
  // Another answer takes everybody's eyes off the earlier ones.
  const chosen = looked?.of === awaited ? answers.findIndex(({ id }) => id === looked?.at) : -1
  const index = chosen < 0 ? newest : chosen
  const message = answers[index]
  const look = (next: number) => setLooked({ at: answers[next]?.id ?? '', of: awaited })
  const again = (of: ChatMessage) =>
    void attempt('The assistant was not asked again', () => api.askAnswerAgain(conversation, of.id))
  const canAskAgain = canEdit && question !== null && message !== undefined && message.state !== 'streaming'
  if (message === undefined && !waits) return null
  return (
    <li className="message" data-role="assistant" aria-busy={message === undefined || message.state === 'streaming'}>
      <AssistantAvatar />
      <div className="message-body">
        <p className="message-head">
          <strong>{message?.author_name ?? 'Assistant'}</strong>
          {message === undefined ? null : <When time={message.created_at} />}
          {newest > 0 ? (
            <span className="message-versions">
              <IconButton label="The answer before" disabled={index === 0} onClick={() => look(index - 1)}>
                <ChevronLeft />
              </IconButton>
              {index + 1} of {newest + 1}
              <IconButton label="The next answer" disabled={index === newest} onClick={() => look(index + 1)}>
                <ChevronRight />
              </IconButton>
            </span>
          ) : null}
        </p>
        {message?.shortened ? (
          <p className="message-shortened quiet">The beginning of this conversation was too long to be read again.</p>
        ) : null}
        {message === undefined ? (
          <p className="message-state">
            Waiting for its turn…
            {question?.job !== undefined && canEdit ? <StopButton job={question.job} /> : null}
          </p>
        ) : (
          <Said
            message={message}
            conversation={conversation}
            open={path}
            path={file}
            question={question}
            onAskAgain={canAskAgain && index === newest ? () => again(message) : null}
            onLeave={onLeave}
          />
        )}
      </div>
    </li>
  )
}
