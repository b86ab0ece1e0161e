import { HighlightStyle, syntaxHighlighting, type TagStyle } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { readable } from './readable'
import type { Scheme, schemes } from './setting'

interface Palette {
  settings: {
    background?: string
    foreground?: string
    selection?: string
    selectionMatch?: string
    gutterForeground?: string
  }
  styles: readonly TagStyle[]
}

type Loads<M extends keyof typeof schemes> = Record<Exclude<keyof (typeof schemes)[M], 'ink'>, () => Promise<Palette>>

const github = () => import('@uiw/codemirror-theme-github')
const vscode = () => import('@uiw/codemirror-theme-vscode')
const solarized = () => import('@uiw/codemirror-theme-solarized')
const dracula = () => import('@uiw/codemirror-theme-dracula')
const nord = () => import('@uiw/codemirror-theme-nord')

const light: Loads<'light'> = {
  github: async () => {
    const { defaultSettingsGithubLight: settings, githubLightStyle: styles } = await github()
    return { settings, styles }
  },
  vscode: async () => {
    const { defaultSettingsVscodeLight: settings, vscodeLightStyle: styles } = await vscode()
    return { settings, styles }
  },
  solarized: async () => {
    const { defaultSettingsSolarizedLight: settings, solarizedLightStyle: styles } = await solarized()
    return { settings, styles }
  },
}

const dark: Loads<'dark'> = {
  github: async () => {
    const { defaultSettingsGithubDark: settings, githubDarkStyle: styles } = await github()
    return { settings, styles }
  },
  vscode: async () => {
    const { defaultSettingsVscodeDark: settings, vscodeDarkStyle: styles } = await vscode()
    return { settings, styles }
  },
  solarized: async () => {
    const { defaultSettingsSolarizedDark: settings, solarizedDarkStyle: styles } = await solarized()
    return { settings, styles }
  },
  dracula: async () => {
    const { defaultSettingsDracula: settings, draculaDarkStyle: styles } = await dracula()
    return { settings, styles }
  },
  nord: async () => {
    const { defaultSettingsNord: settings, nordDarkStyle: styles } = await nord()
    return { settings, styles }
  },
}

/**
 * Takes over a theme's colours and nothing else of it: the sheet draws what is in a text with the page's variables, which
 * have other values within the editor then. So proposals, comments and people's cursors stay what they are.
 */
function worn({ settings, styles }: Palette): Extension {
  const { background: paper = '#ffffff', foreground: ink = '#000000', selection, selectionMatch } = settings
  const read = (color: string) => readable(color, paper, ink)
  const variables = {
    '--paper': paper,
    '--ink': read(ink),
    '--selection': selection,
    '--selection-idle': selection,
    '--match': selectionMatch,
    '--code-gutter': read(settings.gutterForeground ?? ink),
  }
  const given = Object.entries(variables).filter((one): one is [string, string] => one[1] !== undefined)
  const readableStyles = styles.map((style) =>
    typeof style.color === 'string' ? { ...style, color: read(style.color) } : style,
  )
  return [
    EditorView.theme({ '&': Object.fromEntries(given) }),
    syntaxHighlighting(HighlightStyle.define(readableStyles)),
    EditorView.editorAttributes.of({ 'data-colors': '' }),
  ]
}

/** For the editor; nothing for the page's own colours. */
export async function loadScheme(scheme: Scheme): Promise<Extension> {
  if (scheme.name === 'ink') return []
  return worn(await (scheme.mode === 'light' ? light[scheme.name] : dark[scheme.name])())
}
