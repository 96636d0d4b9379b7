export default {
  file: '404.html',
  kind: 'missing',
  title: 'Not here · Tarnfell',
  description: 'This page does not exist.',
  main: `
    <header class="page-head">
      <p class="eyebrow">404</p>
      <h1>This path ends here.</h1>
      <p class="lede">Perhaps it was never marked. <a href="/category/">Back to the gear</a>.</p>
    </header>
`,
};
