import { Fragment, useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { attempt } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { AnswerPart } from './Answer'
import { turnsOf } from './messages'
import { Question } from './Question'

/** Pixels from the end within which the list counts as read to the end, and follows what comes. */
const nearEnd = 80

interface MessageListProps {
  conversation: string | null
  path: string | null
  /** Called when somebody goes to what an answer cites. */
  onLeave: () => void
}

export function MessageList({ conversation, path, onLeave }: MessageListProps) {
  const { chat } = useWorkspace()
  const talks = useStore(chat.talks)
  const talk = conversation === null ? undefined : talks.get(conversation)
  const messages = talk?.messages
  const turns = useMemo(() => turnsOf(messages ?? []), [messages])
  const scroller = useRef<HTMLOListElement>(null)
  const atEnd = useRef(true)
  /** How far the list was from its end before older messages came on top. */
  const fromEnd = useRef<number | null>(null)
  const first = turns[0]?.question?.id
  const isEmpty = turns.length === 0

  useEffect(() => {
    const list = scroller.current
    if (list === null) return undefined
    // What is rendered into it comes later than the messages.
    const follow = () => {
      if (atEnd.current) list.scrollTop = list.scrollHeight
    }
    const watch = new MutationObserver(follow)
    watch.observe(list, { childList: true, subtree: true, characterData: true })
    follow()
    return () => watch.disconnect()
  }, [conversation, isEmpty])

  useLayoutEffect(() => {
    const list = scroller.current
    if (list !== null && fromEnd.current !== null) list.scrollTop = list.scrollHeight - fromEnd.current
    fromEnd.current = null
  }, [first])

  const onScroll = () => {
    const list = scroller.current
    if (list !== null) atEnd.current = list.scrollHeight - list.scrollTop - list.clientHeight < nearEnd
  }
  const loadEarlier = async () => {
    if (conversation === null) return
    const list = scroller.current
    fromEnd.current = list === null ? null : list.scrollHeight - list.scrollTop
    if (!(await attempt('The earlier messages could not be read', () => chat.loadEarlier(conversation)))) {
      fromEnd.current = null
    }
  }
  if (isEmpty) {
    return (
      <div className="chat-empty">
        <p>Ask about the files of this workspace.</p>
        <p className="quiet">Everybody here sees the questions and the answers.</p>
      </div>
    )
  }
  return (
    <ol className="chat-list" ref={scroller} onScroll={onScroll} tabIndex={0} aria-label="Messages">
      {talk?.earlier ? (
        <li className="chat-earlier">
          <Button small look="quiet" onClick={() => void loadEarlier()}>
            Show earlier messages
          </Button>
        </li>
      ) : null}
      {turns.map(({ question, answers }) => (
        <Fragment key={question?.id ?? answers[0]?.id}>
          {question === null ? null : <Question message={question} />}
          <AnswerPart
            conversation={conversation ?? ''}
            question={question}
            answers={answers}
            path={path}
            onLeave={onLeave}
          />
        </Fragment>
      ))}
    </ol>
  )
}
