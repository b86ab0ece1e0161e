import { CaseSensitive, ChevronRight, Regex, WholeWord } from 'lucide-react'
import { type KeyboardEvent, type RefObject, useId } from 'react'
import type { Query } from '../api/search'
import { IconButton } from '../ui/Button'

const longest = { query: 200, paths: 200, replacement: 10_000 }

const options = [
  { name: 'case', label: 'Match case', Icon: CaseSensitive },
  { name: 'word', label: 'Whole words', Icon: WholeWord },
  { name: 'regex', label: 'Regular expression', Icon: Regex },
] as const

interface FindFormProps {
  query: Query
  canReplace: boolean
  problem: string
  /** Whether it is the query that is wrong. */
  invalid: boolean
  field: RefObject<HTMLInputElement | null>
  onChange: (fields: Partial<Query>) => void
  onSearch: () => void
  /** To the results. */
  onDown: () => void
}

/** What to search for, how it is meant, and what to put in its place. */
export function FindForm({ query, canReplace, problem, invalid, field, onChange, onSearch, onDown }: FindFormProps) {
  const problemId = useId()
  const replaces = query.replacement !== null
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') {
      event.preventDefault()
      onDown()
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      onSearch()
    }
  }
  return (
    <div className="find-form" role="search" aria-label="Find in files" data-replaces={replaces || undefined}>
      <div className="find-line">
        {canReplace ? (
          <IconButton
            label={replaces ? 'Only find' : 'Replace what is found'}
            className="find-fold"
            aria-expanded={replaces}
            side="right"
            onClick={() => onChange({ replacement: replaces ? null : '' })}
          >
            <ChevronRight />
          </IconButton>
        ) : null}
        <div className="find-field">
          <input
            ref={field}
            value={query.query}
            maxLength={longest.query}
            placeholder="Find"
            aria-label="Find"
            aria-invalid={invalid || undefined}
            aria-describedby={problem === '' ? undefined : problemId}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => onChange({ query: event.target.value })}
            onKeyDown={onKeyDown}
          />
          {options.map(({ name, label, Icon }) => (
            <IconButton
              key={name}
              label={label}
              aria-pressed={query[name]}
              onClick={() => onChange({ [name]: !query[name] })}
            >
              <Icon />
            </IconButton>
          ))}
        </div>
      </div>
      {replaces ? (
        <div className="find-field">
          <input
            value={query.replacement ?? ''}
            maxLength={longest.replacement}
            placeholder="Replace with"
            aria-label="Replace with"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => onChange({ replacement: event.target.value })}
            onKeyDown={onKeyDown}
          />
        </div>
      ) : null}
      <div className="find-field">
        <input
          value={query.paths}
          maxLength={longest.paths}
          placeholder="Only in: *.md, docs, !drafts"
          aria-label="Only in these files or folders"
          title="Names of files or folders, separated by commas. “!” leaves out."
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => onChange({ paths: event.target.value })}
          onKeyDown={onKeyDown}
        />
      </div>
      {problem === '' ? null : (
        <p className="find-problem problem" id={problemId} role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}
