from __future__ import annotations
import asyncio, json, time, sys, subprocess, os
from gateway_world import World, act
from hub_kit.web import HttpServer
import pytest

CLIENT = r'''
import asyncio, sys, json, time, httpx
url, token, n, rate = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
doc = json.loads(sys.stdin.read())
async def main():
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=20)) as c:
        lat=[]
        async def one(i):
            d=dict(doc, external_id=f"{rate}-{i}")
            t=time.perf_counter(); r=await c.post(url+"/v1/acts", json=d, headers={"authorization":"Bearer "+token}); lat.append(time.perf_counter()-t)
            assert r.status_code==202, r.text
        await one(-1)
        lat.clear()
        tasks=[]; start=time.perf_counter()
        for i in range(n):
            await asyncio.sleep(max(0,start+i/rate-time.perf_counter()))
            tasks.append(asyncio.create_task(one(i)))
        await asyncio.gather(*tasks)
        lat.sort()
        print(f"n={n} rate={rate} took={time.perf_counter()-start:.1f}s p50={lat[n//2]*1e3:.1f}ms p95={lat[int(n*.95)]*1e3:.1f}ms max={lat[-1]*1e3:.1f}")
asyncio.run(main())
'''

@pytest.mark.parametrize("profile", [False, True])
async def test_bench(make_world, profile) -> None:
    world = await make_world(standing_seconds=5)
    server = HttpServer(world.app, "127.0.0.1", 0)
    server.open()
    task = asyncio.create_task(server.run())
    import cProfile, pstats
    for rate, n in ((25, 400), (50, 600), (1000, 1500)):
        pr = cProfile.Profile() if profile else None
        if pr: pr.enable()
        cpu = time.process_time()
        p = await asyncio.create_subprocess_exec(sys.executable, "-c", CLIENT, server.url, world.issuer.token(), str(n), str(rate), stdin=-1, stdout=-1)
        out, _ = await p.communicate(json.dumps(act()).encode())
        cpu = time.process_time() - cpu
        if pr:
            pr.disable()
            if rate == 50: pstats.Stats(pr).sort_stats("tottime").print_stats(28)
        print(out.decode().strip(), f"cpu/post={cpu/n*1e3:.2f}ms")
    await server.stop(); await task
