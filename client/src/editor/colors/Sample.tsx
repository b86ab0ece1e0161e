import { Compartment, EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { useEffect, useRef, useState } from 'react'
import { inkHighlighting } from '../highlight'
import { loadLanguage } from '../language'
import { useCodeColors } from './useCodeColors'

const code = `# How often somebody came.
def visits(names, least=2) -> dict:
    found = Counter(names)
    for name in list(found):
        if found[name] < least:
            del found[name]
    return found

print(visits(["Ada", "Grace", "Ada"]))`

/** A few lines of code as the text has them. */
export function Sample() {
  const host = useRef<HTMLDivElement>(null)
  const [parts] = useState(() => ({ colors: new Compartment(), language: new Compartment() }))
  const [view, setView] = useState<EditorView | null>(null)
  useEffect(() => {
    if (host.current === null) return undefined
    const created = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: code,
        extensions: [
          lineNumbers(),
          inkHighlighting,
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ 'aria-label': 'Some code in these colours', tabindex: '0' }),
          parts.colors.of([]),
          parts.language.of([]),
        ],
      }),
    })
    setView(created)
    void loadLanguage('sample.py').then((language) =>
      created.dispatch({ effects: parts.language.reconfigure(language) }),
    )
    return () => {
      setView(null)
      created.destroy()
    }
  }, [parts])
  useCodeColors(view, parts.colors)
  return <div className="editor colors-sample" ref={host} />
}
