//! The thread of an instance: its event loop.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::code_cache::CodeCache;
use super::fatal;
use super::isolate::{Entry, Isolate};
use super::ops::{LEFTOVER, NOBODY, Running, State, error_text};
use crate::native::Network;
use crate::package::Package;
use crate::runtime::{
    Answer, Guard, Instance, Invocation, Loss, Message, Pool, StopCause, Target, Upstream, ended, out_of_cpu, out_of_memory, out_of_time,
    unstoppable,
};

/// Both engines end a recursion after about one megabyte of stack; the rest is for their own code.
const STACK: usize = 8 * 1024 * 1024;
/// How often the heap is measured at most: QuickJS walks all of it.
const MEASURE: Duration = Duration::from_millis(500);

/// What a thread begins with.
pub struct Setup {
    pub instance: Arc<Instance>,
    pub messages: Receiver<Message>,
    pub package: Arc<Package>,
    pub pool: Arc<Pool>,
    pub upstream: Arc<dyn Upstream>,
    pub tasks: Handle,
    pub max_reply: usize,
    pub network: Arc<Network>,
    pub code_cache: Arc<CodeCache>,
}

/// Starts the thread of an instance.
pub fn spawn(setup: Setup) -> std::io::Result<()> {
    let name = format!("fn-{}", setup.instance.target.name);
    thread::Builder::new().name(name).stack_size(STACK).spawn(move || {
        let (instance, pool) = (setup.instance.clone(), setup.pool.clone());
        let guard = guard(&instance, &pool);
        if catch_unwind(AssertUnwindSafe(|| fatal::contained(&guard, || live(setup, guard.clone())))).is_err() {
            tracing::error!(space = instance.target.space, function = instance.target.name, "a function's instance panicked");
        }
        pool.remove(&instance);
        instance.close(ended);
    })?;
    Ok(())
}

/// Watches over an instance. When its thread is lost, nobody is left waiting for it.
fn guard(instance: &Arc<Instance>, pool: &Arc<Pool>) -> Arc<Guard> {
    let (instance, pool) = (instance.clone(), pool.clone());
    Guard::watched(move |loss| {
        let Target { space, name, memory, .. } = &*instance.target;
        pool.remove(&instance);
        let done = instance.close(|| match loss {
            Loss::Stopped => out_of_memory(*memory),
            Loss::Unstoppable => unstoppable(),
        });
        if done {
            pool.lose(&instance);
            let why = match loss {
                Loss::Stopped => "a function asked for more than the engine can hold",
                Loss::Unstoppable => "a function cannot be stopped",
            };
            tracing::error!(space, function = name, why, "an instance is lost, and its memory until the server is restarted");
        }
        done
    })
}

fn live(setup: Setup, guard: Arc<Guard>) {
    let state = Rc::new(RefCell::new(State::new(&setup, guard.clone())));
    let Setup { instance, messages, pool, .. } = setup;
    match Isolate::new(instance.target.memory, state.clone(), guard) {
        Ok(isolate) => Worker { isolate, state, instance, pool, last_call: 0, measured: None, left: 0, full: false }.run(&messages),
        Err(error) => {
            tracing::error!(space = instance.target.space, function = instance.target.name, %error, "no instance");
        }
    }
}

struct Worker {
    isolate: Isolate,
    state: Rc<RefCell<State>>,
    instance: Arc<Instance>,
    pool: Arc<Pool>,
    last_call: u32,
    measured: Option<Instant>,
    /// The bytes of array buffers that were left when garbage was last collected for their sake.
    left: usize,
    /// The heap has no room for another stretch.
    full: bool,
}

impl Worker {
    fn run(&mut self, messages: &Receiver<Message>) {
        while !self.full {
            match messages.try_recv() {
                Ok(message) => self.handle(message),
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => {
                    if self.keep_code() {
                        continue;
                    }
                    if self.instance.is_retired() && self.instance.leases() == 0 {
                        return;
                    }
                    match messages.recv_timeout(self.wait()) {
                        Ok(message) => self.handle(message),
                        Err(RecvTimeoutError::Disconnected) => return,
                        Err(RecvTimeoutError::Timeout) => self.rest(),
                    }
                }
            }
            self.expire();
            self.fire();
            self.forget();
            self.collect();
        }
    }

    /// Keeps the bytecode of one function, when no call runs.
    fn keep_code(&mut self) -> bool {
        if !self.state.borrow().running.is_empty() {
            return false;
        }
        let fresh = self.state.borrow_mut().fresh.pop();
        fresh.inspect(|fresh| self.isolate.keep_code(fresh)).is_some()
    }

    /// How long until there is something to do without a message.
    fn wait(&self) -> Duration {
        let state = self.state.borrow();
        let timer = state.timers.first().map(|(at, ..)| *at);
        let deadline = state.running.values().map(|running| running.call.deadline).min();
        let next = [timer, deadline].into_iter().flatten().min();
        next.map_or(self.pool.idle(), |next| next.saturating_duration_since(Instant::now()).min(self.pool.idle()))
    }

    /// Ends the instance when it has not been called for long.
    fn rest(&mut self) {
        if self.instance.leases() == 0 && self.instance.idle_for() >= self.pool.idle() {
            self.pool.remove_idle(&self.instance);
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Start => self.start(),
            Message::Completed { id, answer } => self.complete(id, answer),
            Message::Wake => {}
        }
    }

    fn start(&mut self) {
        self.last_call = self.last_call.checked_add(1).unwrap_or(1);
        let id = self.last_call;
        let Some(invocation) = self.instance.begin(id) else { return };
        let Invocation { call, args, cpu, lines } = *invocation;
        let deadline = call.deadline;
        self.state.borrow_mut().running.insert(id, Running { call, lines, began: Instant::now(), cpu, cpu_left: cpu, open: 0 });
        self.instance.running();
        self.stretch(id, &mut Entry::Start(id, &args), deadline);
    }

    fn complete(&mut self, id: u32, answer: Answer) {
        let Some(call) = self.state.borrow_mut().answered(id) else { return };
        self.instance.running();
        let deadline = self.deadline(call);
        match answer {
            Answer::Service(Ok(data)) => self.stretch(call, &mut Entry::Complete(id, true, &data), deadline),
            Answer::Service(Err(error)) => self.stretch(call, &mut Entry::Complete(id, false, error_text(&error).as_bytes()), deadline),
            Answer::Native(result) => self.stretch(call, &mut Entry::Settle(id, &mut Some(result)), deadline),
        }
    }

    fn fire(&mut self) {
        // Timers that these timers set wait for the next turn, so that messages get theirs.
        let now = Instant::now();
        loop {
            let due = self.state.borrow_mut().due(now);
            let Some((id, call)) = due else { return };
            let live = self.state.borrow().running.contains_key(&call);
            self.instance.running();
            self.stretch(call, &mut Entry::Fire(id, live), self.deadline(call));
        }
    }

    fn deadline(&self, call: u32) -> Instant {
        self.state.borrow().running.get(&call).map_or_else(|| Instant::now() + LEFTOVER, |running| running.call.deadline)
    }

    fn stretch(&mut self, call: u32, entry: &mut Entry, deadline: Instant) {
        if self.full {
            return;
        }
        let began = Instant::now();
        let begins = matches!(entry, Entry::Start(..));
        let allowed = {
            let mut state = self.state.borrow_mut();
            state.current = call;
            state.running.get(&call).map_or(LEFTOVER, |running| running.cpu_left)
        };
        let stopped = self.isolate.run(entry, deadline.min(began + allowed));
        self.instance.idle();
        if let Some(running) = self.state.borrow_mut().running.get_mut(&call) {
            running.cpu_left = running.cpu_left.saturating_sub(began.elapsed());
        }
        match stopped {
            None => {}
            Some(StopCause::Time) => {
                if begins {
                    // What it loaded may be there by halves, and no later call shall find that.
                    self.pool.remove(&self.instance);
                }
                self.time_out(call);
            }
            Some(StopCause::Memory) => self.overflow(call),
        }
        // Nothing may run after that, and what measures lets things run.
        if !self.isolate.is_over() {
            self.measure();
        }
        if self.isolate.is_over() {
            self.give_up();
        }
    }

    /// Ends a call that reached the heap limit, and the instance after the others; those end as well
    /// when what is left in the heap is still too much.
    fn overflow(&mut self, call: u32) {
        let limit = self.instance.target.memory;
        self.pool.remove(&self.instance);
        self.instance.set_memory(limit);
        self.state.borrow_mut().end(call, Err(out_of_memory(limit)));
        if !self.isolate.recover(limit) {
            let calls: Vec<u32> = self.state.borrow().running.keys().copied().collect();
            for call in calls {
                self.state.borrow_mut().end(call, Err(out_of_memory(limit)));
            }
            self.full = true;
        }
    }

    /// Ends all calls, and then the instance: what ran in its isolate could not be stopped in time.
    fn give_up(&mut self) {
        self.pool.remove(&self.instance);
        let calls: Vec<u32> = self.state.borrow().running.keys().copied().collect();
        for call in calls {
            self.time_out(call);
        }
        self.full = true;
    }

    fn measure(&mut self) {
        let now = Instant::now();
        if self.measured.is_none_or(|last| now.duration_since(last) >= MEASURE) {
            self.measured = Some(now);
            if self.isolate.tend(now + LEFTOVER) == Some(StopCause::Memory) {
                self.overflow(NOBODY);
            }
            let used = self.isolate.memory_used();
            self.instance.set_memory(used);
        }
    }

    /// Collects garbage when array buffers take most of the memory: V8 counts those that calls dropped
    /// against the heap as well, and might meet its limit before it looks for them.
    fn collect(&mut self) {
        let used = self.state.borrow().buffers.used();
        let limit = self.instance.target.memory;
        if used > limit / 2 && used > self.left + limit / 8 {
            self.isolate.collect();
            self.left = self.state.borrow().buffers.used();
        } else {
            self.left = self.left.min(used);
        }
    }

    /// Has JavaScript let go of what ended calls left behind.
    fn forget(&mut self) {
        let abandoned = std::mem::take(&mut self.state.borrow_mut().abandoned);
        if !abandoned.is_empty() {
            self.stretch(NOBODY, &mut Entry::Forget(&abandoned), Instant::now() + LEFTOVER);
        }
    }

    /// Ends the calls whose deadline has passed while they waited for something.
    fn expire(&mut self) {
        let now = Instant::now();
        let late: Vec<u32> =
            self.state.borrow().running.iter().filter(|(_, running)| running.call.deadline <= now).map(|(id, _)| *id).collect();
        for call in late {
            self.time_out(call);
        }
    }

    fn time_out(&mut self, call: u32) {
        let mut state = self.state.borrow_mut();
        if let Some(running) = state.running.get(&call) {
            let allowed = running.call.deadline.saturating_duration_since(running.began);
            let error = if running.cpu_left.is_zero() { out_of_cpu(running.cpu) } else { out_of_time(allowed) };
            state.end(call, Err(error));
        }
    }
}
