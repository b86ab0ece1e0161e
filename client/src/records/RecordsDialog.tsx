import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { FeedbackApi, type FeedbackRecord, type RecordFilter } from '../api/feedback'
import { describe } from '../api/problem'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { Confirm } from '../ui/Confirm'
import { Dialog } from '../ui/Dialog'
import { attempt, tell } from '../ui/toasts'
import { Waiting } from '../ui/Waiting'
import { useRole, useWorkspace } from '../workspace/context'
import { Collecting } from './Collecting'
import { Filters, noFilter } from './Filters'
import { RecordList } from './RecordList'
import { RecordView } from './RecordView'

interface Read {
  records: readonly FeedbackRecord[] | null
  after: string | null
  problem: string
}

/** The pages of what `filter` lets through; reading on adds to them. */
function useRecords(api: FeedbackApi, filter: RecordFilter) {
  const [read, setRead] = useState<Read>({ records: null, after: null, problem: '' })
  const asked = useRef(0)
  const load = useCallback(
    async (after: string | null) => {
      asked.current += 1
      const mine = asked.current
      try {
        const page = await api.list(filter, after)
        // A filter that was changed meanwhile has asked anew.
        if (mine !== asked.current) return
        setRead(({ records }) => ({
          records: after === null ? page.records : [...(records ?? []), ...page.records],
          after: page.after,
          problem: '',
        }))
      } catch (error) {
        if (mine !== asked.current) return
        setRead((before) => ({ ...before, problem: describe(error).detail || describe(error).title }))
      }
    },
    [api, filter],
  )
  useEffect(() => void load(null), [load])
  const forget = (id: string) =>
    setRead((before) => ({ ...before, records: before.records?.filter((one) => one.id !== id) ?? null }))
  return { ...read, load, forget }
}

/** Owners only: all that comes from the person who is chosen. */
function ErasePerson({ api, person, onErased }: { api: FeedbackApi; person: string; onErased: () => void }) {
  const members = useStore(useWorkspace().members)
  const [asking, setAsking] = useState(false)
  const name = members.find(({ id }) => id === person)?.name ?? 'this person'
  const erase = async () => {
    const { erased } = await api.eraseAll(person)
    tell(`${plural(erased, 'record')} erased`)
    onErased()
  }
  return (
    <>
      <Button small look="danger" onClick={() => setAsking(true)}>
        {`Erase all that comes from ${name}…`}
      </Button>
      {asking ? (
        <Confirm
          title={`Erase all that comes from ${name}?`}
          description={`Every record of what ${name} asked for or decided is gone for good, of any kind and date, with what the model was told. What stays: the files, the conversations, and who accepted or rejected what.`}
          action="Erase"
          onConfirm={() => void attempt('The records were not erased', erase)}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  )
}

interface FoundProps {
  read: ReturnType<typeof useRecords>
  filtered: boolean
  onOpen: (id: string) => void
}

function Found({ read, filtered, onOpen }: FoundProps) {
  const { records, after, problem, load } = read
  if (problem !== '') return <p role="alert">{`The records could not be read. ${problem}`}</p>
  if (records === null) return <Waiting>Reading the records…</Waiting>
  if (records.length === 0) {
    return <p className="quiet record-none">{filtered ? 'No record fits.' : 'Nothing has been recorded yet.'}</p>
  }
  return (
    <>
      <RecordList records={records} onOpen={onOpen} />
      {after === null ? null : (
        <Button small onClick={() => void load(after)}>
          Show earlier ones
        </Button>
      )}
    </>
  )
}

/** What is kept of dealings with the assistant: all of it for owners, what comes from themselves for everybody else. */
export default function RecordsDialog({ onClose }: { onClose: () => void }) {
  const { id: workspace } = useWorkspace()
  const { isOwner } = useRole()
  const api = useMemo(() => new FeedbackApi(workspace), [workspace])
  const [filter, setFilter] = useState(noFilter)
  const [open, setOpen] = useState<string | null>(null)
  const read = useRecords(api, filter)
  const reload = () => void read.load(null)
  return (
    <Dialog title="Learning from decisions" wide onClose={onClose}>
      {open === null ? (
        <>
          <Collecting api={api} onErased={reload} />
          <Filters filter={filter} onChange={setFilter} />
          {isOwner && filter.person !== '' ? <ErasePerson api={api} person={filter.person} onErased={reload} /> : null}
          <Found read={read} filtered={Object.values(filter).some((value) => value !== '')} onOpen={setOpen} />
        </>
      ) : (
        <RecordView
          api={api}
          id={open}
          canErase={isOwner}
          onBack={() => setOpen(null)}
          onErased={(erased) => {
            read.forget(erased)
            setOpen(null)
          }}
        />
      )}
    </Dialog>
  )
}
