import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitepress'

/** Written by scripts/site.ts. */
const { title, description, base, repository, sidebar } = JSON.parse(
  readFileSync(new URL('../pages/site.json', import.meta.url), 'utf8')
)

export default defineConfig({
  title,
  description,
  base,
  srcDir: 'pages',
  outDir: '../../release/site',
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: `${base}icon.svg` }]],
  themeConfig: {
    logo: '/icon.svg',
    nav: [
      { text: 'Install', link: '/install' },
      { text: 'Rules', link: '/rules/' },
      { text: 'Changes', link: '/changelog' }
    ],
    sidebar,
    outline: 'deep',
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository }]
  }
})
