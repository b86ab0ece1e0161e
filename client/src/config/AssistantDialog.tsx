import { type SyntheticEvent, useEffect, useState } from 'react'
import { describe } from '../api/problem'
import type { ConfigState, Endpoint } from '../api/types'
import { go } from '../app/location'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { attempt, tell } from '../ui/toasts'
import { Waiting } from '../ui/Waiting'
import { useWorkspace } from '../workspace/context'
import {
  applied,
  type AssistantFile,
  editsOf,
  mergedRecipes,
  type Notices,
  readAssistantFile,
  type Recipes,
  type Settings,
} from './assistantFile'
import { assistantFile } from './path'
import { NoticeFields } from './NoticeFields'
import { RecipeFields } from './RecipeFields'
import { SettingFields } from './SettingFields'
import { type SharedFile, useAssistantFile } from './useAssistantFile'

/** Milliseconds without a change before the server is asked whether all makes sense. */
const pause = 300

function useEndpoints(): readonly Endpoint[] | null {
  const { api } = useWorkspace()
  const [endpoints, setEndpoints] = useState<readonly Endpoint[] | null>(null)
  useEffect(() => {
    void attempt('The endpoints could not be read', async () => setEndpoints(await api.endpoints()))
  }, [api])
  return endpoints
}

/** How the settings would be found if they were `text`, a moment after it has come to be so. */
function useCheck(text: string): ConfigState | null {
  const { api } = useWorkspace()
  const [checked, setChecked] = useState<{ text: string; state: ConfigState } | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => {
      // Without an answer the save asks again, and says what is wrong.
      api.checkConfig(text).then(
        (state) => setChecked({ text, state }),
        () => undefined,
      )
    }, pause)
    return () => clearTimeout(timer)
  }, [api, text])
  return checked?.text === text ? checked.state : null
}

const sentence = ({ line, message }: ConfigState) => `Line ${line ?? 1}: ${message ?? ''}`

function OpenFile({ onClose }: { onClose: () => void }) {
  const { id } = useWorkspace()
  const open = () => {
    onClose()
    go({ at: 'workspace', workspace: id, path: assistantFile })
  }
  return (
    <Button small onClick={open}>
      Open the file
    </Button>
  )
}

interface FormProps {
  shared: SharedFile
  text: string
  file: AssistantFile
  endpoints: readonly Endpoint[]
  onClose: () => void
}

/** What is changed here lies over what the file says, so that what others change meanwhile is seen and kept. */
function Form({ shared, text, file, endpoints, onClose }: FormProps) {
  const { api } = useWorkspace()
  const [changes, setChanges] = useState<Partial<Settings>>({})
  const [notices, setNotices] = useState<Partial<Notices>>({})
  const [draft, setDraft] = useState<{ base: Recipes; mine: Recipes } | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  const merged = ({ recipes }: AssistantFile) =>
    draft === null ? recipes : mergedRecipes(draft.base, draft.mine, recipes)
  const editsIn = (now: string) => {
    const read = readAssistantFile(now)
    return (read === null ? null : editsOf(now, changes, merged(read), notices)) ?? []
  }
  const edits = editsIn(text)
  const next = applied(text, edits)
  const check = useCheck(next)
  const told = problem ?? (check?.state === 'bad' ? sentence(check) : null)

  const save = async (event: SyntheticEvent) => {
    event.preventDefault()
    if (busy || edits.length === 0) return
    setBusy(true)
    setProblem(null)
    try {
      const state = await api.checkConfig(next)
      if (state.state === 'bad') setProblem(sentence(state))
      else {
        await shared.write(editsIn)
        tell('The settings of the assistant are saved')
        onClose()
      }
    } catch (error) {
      const { title, detail } = describe(error)
      setProblem(detail || title)
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className="config" aria-label="Settings of the assistant" onSubmit={(event) => void save(event)}>
      <SettingFields
        settings={{ ...file.settings, ...changes }}
        endpoints={endpoints}
        wrong={told}
        onChange={(name, value) => {
          setProblem(null)
          setChanges((before) => ({ ...before, [name]: value }))
        }}
      />
      <RecipeFields
        recipes={merged(file)}
        before={file.recipes}
        onChange={(mine) => {
          setProblem(null)
          // What is shown holds what others have done by now.
          setDraft({ base: file.recipes, mine })
        }}
      />
      <NoticeFields
        notices={{ ...file.notices, ...notices }}
        wrong={told}
        onChange={(more) => {
          setProblem(null)
          setNotices((before) => ({ ...before, ...more }))
        }}
      />
      <div className="config-foot">
        {told === null ? null : (
          <p className="problem" role="alert">
            {told}
          </p>
        )}
        <div className="dialog-foot">
          {shared.exists ? <OpenFile onClose={onClose} /> : null}
          <Button small look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button small look="primary" type="submit" disabled={busy || edits.length === 0 || told !== null}>
            {busy ? 'Saving…' : 'Save'}
          </Button>
        </div>
      </div>
    </form>
  )
}

/** The group's settings of its assistant: a form that writes the same file that can be edited as text. */
export default function AssistantDialog({ onClose }: { onClose: () => void }) {
  const { assistant } = useWorkspace()
  const endpoints = useEndpoints()
  const shared = useAssistantFile()
  const found = useStore(assistant)?.config
  const file = shared.text === null ? null : readAssistantFile(shared.text)
  return (
    <Dialog
      title="The assistant"
      description={`For everybody in this workspace. These settings are the file ${assistantFile}, which can be edited as text, too.`}
      onClose={onClose}
    >
      {shared.text === null || endpoints === null ? (
        <Waiting>Opening the settings…</Waiting>
      ) : file === null ? (
        <>
          <p className="problem" role="alert">
            {found?.state === 'bad' ? sentence(found) : 'The file cannot be read.'}
          </p>
          <p>It has to be mended as text first. What it said before stays in force until then.</p>
          <div className="dialog-foot">
            <OpenFile onClose={onClose} />
          </div>
        </>
      ) : (
        <Form shared={shared} text={shared.text} file={file} endpoints={endpoints} onClose={onClose} />
      )}
    </Dialog>
  )
}
