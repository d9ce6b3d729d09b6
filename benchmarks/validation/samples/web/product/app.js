const $ = (selector) => document.querySelector(selector);
let asked = 0;

async function send(method, path, body) {
  const response = await fetch(path, { method, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok && response.status !== 422) throw new Error(`${method} ${path}: ${response.status}`);
  return { ok: response.ok, answer };
}

function row(item) {
  const line = document.createElement('tr');
  for (const value of [item.name, item.amount, item.expires]) {
    line.append(Object.assign(document.createElement('td'), { textContent: value }));
  }
  if (item.expires && item.expires < '2026-01-01') line.children[2].className = 'old';
  const actions = document.createElement('td');
  actions.append(button('Use', item, () => send('POST', `/api/items/${item.id}/use`)));
  actions.append(button('Remove', item, () => confirmed(item)));
  line.append(actions);
  return line;
}

function button(word, item, action) {
  const made = Object.assign(document.createElement('button'), { textContent: word });
  made.setAttribute('aria-label', `${word} ${item.name}`);
  made.onclick = async () => { await action(); await show(); };
  return made;
}

function confirmed(item) {
  $('#sure p').textContent = `Remove ${item.name}?`;
  $('#sure').showModal();
  return new Promise((done) => {
    $('#yes').onclick = async () => { await send('DELETE', `/api/items/${item.id}`); $('#sure').close(); };
    $('#no').onclick = () => $('#sure').close();
    $('#sure').onclose = done;
  });
}

async function show() {
  const mine = ++asked;
  const { answer } = await send('GET', `/api/items?q=${encodeURIComponent($('#search').value)}`);
  if (mine !== asked) return;
  $('tbody').replaceChildren(...answer.map(row));
  const count = answer.reduce((sum, item) => sum + item.amount, 0);
  $('#total').textContent = answer.length ? `${answer.length} kinds, ${count} pieces` : 'Nothing here';
}

$('#add').onsubmit = async (event) => {
  event.preventDefault();
  const wish = { name: $('#name').value, amount: Number($('#amount').value), expires: $('#expires').value };
  const { ok, answer } = await send('POST', '/api/items', wish).catch((error) => ({ ok: false, answer: { error: String(error) } }));
  $('#error').hidden = ok;
  $('#error').textContent = ok ? '' : answer.error;
  if (ok) {
    $('#add').reset();
    $('#name').focus();
  }
  await show();
};

$('#search').oninput = show;

function theme(dark) {
  document.body.className = dark ? 'dark' : '';
  $('#theme').setAttribute('aria-pressed', String(dark));
}

$('#theme').onclick = () => {
  const dark = document.body.className !== 'dark';
  localStorage.setItem('theme', dark ? 'dark' : 'light');
  theme(dark);
};

theme(localStorage.getItem('theme') === 'dark');
show();
