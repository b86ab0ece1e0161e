import type { NoticeName, Notices } from './assistantFile'

interface NoticeFieldsProps {
  notices: Notices
  /** The sentence that tells what is wrong; it names the setting in quotes. */
  wrong: string | null
  onChange: (changes: Partial<Notices>) => void
}

const kinds: readonly (readonly [NoticeName, string])[] = [
  ['broken', 'Files that cannot be read'],
  ['faults', 'Likely faults in Python'],
  ['repeated', 'Changes that other places still lack'],
  ['todo', 'TODOs left to it, as “TODO(assistant): …”'],
  ['question', 'Questions in comments that files answer'],
]

const isOff = (value: string): boolean => /^(off|no|n|false|f|0)$/i.test(value)

/** What the assistant says without being asked. Empty fields leave it to the server. */
export function NoticeFields({ notices, wrong, onChange }: NoticeFieldsProps) {
  const field = (name: NoticeName, label: string, hint: string, set: (value: string) => void) => (
    <label className="field">
      {label}
      <input
        value={notices[name]}
        placeholder={hint}
        aria-invalid={wrong?.includes(`“${name}”`) === true}
        onChange={(event) => set(event.target.value)}
      />
    </label>
  )
  const setQuietHours = (quiet_hours: string) => {
    // Nobody means hours of another country: whoever does sees the field.
    const first = quiet_hours !== '' && notices.quiet_hours === '' && notices.time_zone === ''
    onChange(first ? { quiet_hours, time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone } : { quiet_hours })
  }
  return (
    <section className="stack config-recipes">
      <h3>Notices</h3>
      <p>What it says without being asked, of files that people work on.</p>
      <div className="config-built-in">
        {kinds.map(([name, label]) => (
          <label key={name} className="check">
            <input
              type="checkbox"
              checked={!isOff(notices[name])}
              onChange={(event) => onChange({ [name]: event.target.checked ? '' : 'off' })}
            />
            {label}
          </label>
        ))}
      </div>
      <label className="field">
        KNOWLEDGE.md, with what the group knows
        <select
          value={isOff(notices.knowledge) ? '' : notices.knowledge.toLowerCase()}
          onChange={(event) => onChange({ knowledge: event.target.value })}
        >
          <option value="">When somebody asks for it</option>
          <option value="daily">Brought up to date once a day</option>
          <option value="weekly">Brought up to date once a week</option>
        </select>
      </label>
      <div className="config-numbers">
        {field('most_per_hour', 'At most in an hour', '6', (most_per_hour) => onChange({ most_per_hour }))}
        {field('quiet_hours', 'Not between', 'such as 18:00-08:30', setQuietHours)}
        {field('time_zone', 'Time zone', 'UTC', (time_zone) => onChange({ time_zone }))}
      </div>
    </section>
  )
}
