/** What the editor is measured beside: CodeMirror alone, with what its own package `codemirror` calls the basic setup. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completeAnyWord, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history } from '@codemirror/commands'
import * as language from '@codemirror/language'
import { languages } from '@codemirror/language-data'
import { highlightSelectionMatches } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import * as view from '@codemirror/view'

const python = await language.LanguageDescription.matchFilename(languages, 'long.py').load()
const doc = await (await fetch('./long.py')).text()
const editor = new view.EditorView({
  parent: document.body,
  state: EditorState.create({
    doc,
    extensions: [
      view.lineNumbers(),
      view.highlightActiveLineGutter(),
      view.highlightSpecialChars(),
      history(),
      language.foldGutter(),
      view.drawSelection(),
      view.dropCursor(),
      EditorState.allowMultipleSelections.of(true),
      language.indentOnInput(),
      language.syntaxHighlighting(language.defaultHighlightStyle),
      language.bracketMatching(),
      closeBrackets(),
      autocompletion({ activateOnTypingDelay: 250 }),
      EditorState.languageData.of(() => [{ autocomplete: completeAnyWord }]),
      view.rectangularSelection(),
      view.crosshairCursor(),
      view.highlightActiveLine(),
      highlightSelectionMatches(),
      language.indentUnit.of('    '),
      python,
      view.keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap]),
      view.EditorView.contentAttributes.of({ 'aria-label': 'Text of long.py' }),
      view.EditorView.theme({ '&': { height: '800px' } }),
    ],
  }),
})
const line = editor.state.doc.line(editor.state.doc.lines >> 1)
editor.dispatch({ selection: { anchor: line.from }, effects: view.EditorView.scrollIntoView(line.from, { y: 'center' }) })
editor.focus()
