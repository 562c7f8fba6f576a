// Prints what Google's client makes of the rows of a query: types by name, times as text, everything as JSON.
const {BigQuery} = require(require.resolve('@google-cloud/bigquery', {paths: [process.env.CLIENT_FOLDER]}));

function told(value) {
  if (value === null || typeof value !== 'object') return value;
  return {type: value.constructor.name, value: value.value};
}

async function main() {
  const client = new BigQuery({projectId: 'test', apiEndpoint: process.env.ENDPOINT, token: 'none'});
  const [rows] = await client.query({query: process.argv[2]});
  console.log(JSON.stringify(rows.map(row => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, told(v)])))));
}

main().catch(error => {
  console.error(error.message);
  process.exit(1);
});
