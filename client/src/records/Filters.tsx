import type { RecordFilter } from '../api/feedback'
import { useStore } from '../lib/store'
import { useRole, useWorkspace } from '../workspace/context'
import { decisions, kinds } from './words'

export const noFilter: RecordFilter = { kind: '', decision: '', person: '', from: '', to: '' }

interface ChoiceProps {
  label: string
  value: string
  choices: readonly (readonly [value: string, words: string])[]
  onChange: (value: string) => void
}

function Choice({ label, value, choices, onChange }: ChoiceProps) {
  return (
    <label className="field">
      {label}
      <select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">Any</option>
        {choices.map(([choice, words]) => (
          <option key={choice} value={choice}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}

interface FiltersProps {
  filter: RecordFilter
  onChange: (filter: RecordFilter) => void
}

export function Filters({ filter, onChange }: FiltersProps) {
  const members = useStore(useWorkspace().members)
  const { isOwner } = useRole()
  const set = (field: keyof RecordFilter) => (value: string) => onChange({ ...filter, [field]: value })
  const day = (field: 'from' | 'to', label: string) => (
    <label className="field">
      {label}
      <input
        type="date"
        aria-label={label}
        value={filter[field]}
        onChange={(event) => set(field)(event.target.value)}
      />
    </label>
  )
  return (
    <form className="record-filters" aria-label="Which records" onSubmit={(event) => event.preventDefault()}>
      <Choice label="Decision" value={filter.decision} choices={Object.entries(decisions)} onChange={set('decision')} />
      <Choice label="Kind" value={filter.kind} choices={Object.entries(kinds)} onChange={set('kind')} />
      {isOwner ? (
        <Choice
          label="Asked or decided by"
          value={filter.person}
          choices={members.map(({ id, name }) => [id, name])}
          onChange={set('person')}
        />
      ) : null}
      {day('from', 'From')}
      {day('to', 'To')}
    </form>
  )
}
