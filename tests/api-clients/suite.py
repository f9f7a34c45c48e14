"""postgrest-py, unmodified, against the API: reads, writes, functions, refusals."""
import os
import unittest

from postgrest import APIError, CountMethod, ReturnMethod, SyncPostgrestClient

URL, TOKEN = os.environ["API_URL"], os.environ["API_TOKEN"]


def client(**headers):
    return SyncPostgrestClient(URL, schema="shop", headers=headers)


class Clients(unittest.TestCase):
    def setUp(self):
        self.anon = client()
        self.clerk = client(Authorization=f"Bearer {TOKEN}")

    def refused(self, query):
        with self.assertRaises(APIError) as caught:
            query.execute()
        return caught.exception

    def test_reads(self):
        rows = self.anon.from_("products").select("id, kinds(name)").eq("kind_id", 2).execute()
        self.assertEqual(rows.data, [{"id": 2, "kinds": {"name": "toy"}}])
        page = self.anon.from_("products").select("id", count=CountMethod.exact).order("id", desc=True).range(0, 1).execute()
        self.assertEqual((page.count, page.data), (3, [{"id": 3}, {"id": 2}]))
        self.assertEqual(self.anon.from_("products").select("name").eq("id", 1).single().execute().data["name"], "Hammer")
        self.assertIsNone(self.anon.from_("products").select("name").eq("id", 99).maybe_single().execute())
        names = lambda query: [row["name"] for row in query.order("id").execute().data]
        table = lambda: self.anon.from_("products").select("name")
        self.assertEqual(names(table().in_("name", ['Saw, fine (x)', "none"])), ['Saw, fine (x)'])
        self.assertEqual(names(table().contains("tags", ["steel"])), ["Hammer"])
        self.assertEqual(names(table().not_.is_("mood", "null")), ["Hammer", "Doll"])
        self.assertEqual(names(table().or_("id.eq.1,name.eq.Doll")), ["Hammer", "Doll"])
        self.assertEqual(names(table().like("name", "%am%")), ["Hammer"])
        self.assertEqual(self.anon.from_("kinds").select("id,name").order("id").csv().execute().data.strip(), "id,name\n1,tool\n2,toy")

    def test_writes(self):
        table = lambda: self.clerk.from_("products")
        made = table().insert({"name": "Kite", "kind_id": 2}).execute()
        self.assertEqual((made.data[0]["name"], made.data[0]["price"]), ("Kite", 1))
        table().insert([{"name": "P"}, {"name": "Q"}], returning=ReturnMethod.minimal, default_to_null=False).execute()
        table().upsert({"name": "P", "price": 5}, on_conflict="name", default_to_null=False).execute()
        changed = table().update({"price": 6}).in_("name", ["P", "Q"]).execute()
        self.assertEqual([row["price"] for row in changed.data], [6, 6])
        gone = table().delete(count=CountMethod.exact).in_("name", ["P", "Q", "Kite"]).execute()
        self.assertEqual(gone.count, 3)

    def test_functions(self):
        self.assertEqual(self.anon.rpc("add", {"a": 1, "b": 2}).execute().data, 3)
        self.assertEqual(self.clerk.rpc("who", {}).execute().data, "api_clients_clerk")
        rows = self.anon.rpc("by_kind", {"kind": 1}).select("name").gt("price", 15).execute()
        self.assertEqual(rows.data, [{"name": 'Saw, fine (x)'}])

    def test_refusals(self):
        self.assertEqual(self.refused(self.anon.from_("nothing").select("*")).code, "PGRST205")
        self.assertEqual(self.refused(self.anon.from_("products").select("colour")).code, "42703")
        self.assertEqual(self.refused(self.anon.from_("products").insert({"name": "x"})).code, "42501")
        self.assertEqual(self.refused(self.clerk.from_("products").insert({"name": "Hammer"})).code, "23505")
        self.assertEqual(self.refused(self.anon.from_("products").select("*").single()).code, "PGRST116")
        error = self.refused(self.anon.rpc("refuse", {}))
        self.assertEqual((error.code, error.message, error.details, error.hint), ("P0001", "refused", "why", "how"))


if __name__ == "__main__":
    unittest.main()
