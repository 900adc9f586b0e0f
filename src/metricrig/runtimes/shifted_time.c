/* A library that a service loads before all others: it tells the time of day as a file that a test writes says.

   Only the time of day is changed, and waits until a time of day. What measures how long something takes goes on with
   the clock that nobody sets, as when an administrator sets a machine's clock. Nothing here takes a lock or memory:
   signal handlers ask for the time too. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NANO 1000000000LL
#define SETTINGS 64
/* Deadlines before 2001 count from the machine's start: nobody says of which clock a condition's or a timer's is. */
#define EARLIEST 1000000000LL /* seconds */
#define LATEST 9000000000LL /* seconds; nanoseconds of later ones do not fit */
#define EXPORTED __attribute__((visibility("default")))

/* Since the time `real` it shows `shown`, and goes on `rate` times as fast. own_clock.py writes the same. */
struct setting {
  int64_t real, shown;
  double rate;
  _Atomic int64_t told, last;
};
struct page {
  _Atomic int64_t current;
  struct setting settings[SETTINGS];
};
static struct page *page;
static int counted;

static void *following(const char *name) {
  return dlsym(RTLD_NEXT, name);
}
#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(real))following(#name)

static struct setting *setting(void) {
  return &page->settings[atomic_load(&page->current) % SETTINGS];
}

static int64_t shown(int64_t real) {
  struct setting *now = setting();
  int64_t since = real - now->real;
  int64_t told = now->shown + (now->rate == 1 ? since : (int64_t)((double)since * now->rate));
  if (counted) {
    atomic_store(&now->last, told);
    atomic_fetch_add(&now->told, 1);
  }
  return told;
}

static struct timespec show(struct timespec real) {
  int64_t told = shown(real.tv_sec * NANO + real.tv_nsec);
  return (struct timespec){told / NANO, told % NANO};
}

/* When that time of day is, by the clock of the machine. */
static const struct timespec *until(const struct timespec *shown, struct timespec *real) {
  if (!page || !shown || shown->tv_sec < EARLIEST || shown->tv_sec > LATEST) return shown;
  struct setting *now = setting();
  int64_t since = shown->tv_sec * NANO + shown->tv_nsec - now->shown;
  int64_t at = now->real + (now->rate == 1 ? since : (int64_t)((double)since / now->rate));
  if (at < 0) at = 0;
  *real = (struct timespec){at / NANO, at % NANO};
  return real;
}

static int of_day(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

static int ask(clockid_t clock, struct timespec *at) {
  REAL(clock_gettime);
  return real ? real(clock, at) : (int)syscall(SYS_clock_gettime, clock, at);
}

EXPORTED int clock_gettime(clockid_t clock, struct timespec *at) {
  int result = ask(clock, at);
  if (!result && page && of_day(clock)) *at = show(*at);
  return result;
}

EXPORTED int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  REAL(gettimeofday);
  int result = real(at, zone);
  if (!result && page) {
    struct timespec now = show((struct timespec){at->tv_sec, at->tv_usec * 1000});
    *at = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
  }
  return result;
}

EXPORTED time_t time(time_t *at) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME_COARSE, &now)) return -1;
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}

EXPORTED int timespec_get(struct timespec *at, int base) {
  if (base != TIME_UTC) return 0;
  return clock_gettime(CLOCK_REALTIME, at) ? 0 : base;
}

EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left) {
  REAL(clock_nanosleep);
  struct timespec at;
  return real(clock, flags, of_day(clock) && flags & TIMER_ABSTIME ? until(time, &at) : time, left);
}

EXPORTED int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict time) {
  REAL(sem_timedwait);
  struct timespec at;
  return real(semaphore, until(time, &at));
}

EXPORTED int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict time) {
  REAL(pthread_mutex_timedlock);
  struct timespec at;
  return real(mutex, until(time, &at));
}

EXPORTED int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                                    const struct timespec *restrict time) {
  static __typeof__(&pthread_cond_timedwait) real;
#ifdef __GLIBC__
  if (!real) real = (__typeof__(real))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
#endif
  if (!real) real = (__typeof__(real))following("pthread_cond_timedwait");
  struct timespec at;
  return real(condition, mutex, until(time, &at));
}

/* Newer than some C libraries: programs that call them are as new. */
EXPORTED int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                                    clockid_t clock, const struct timespec *restrict time) {
  static int (*real)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
  if (!real) real = (__typeof__(real))following("pthread_cond_clockwait");
  struct timespec at;
  return real(condition, mutex, clock, of_day(clock) ? until(time, &at) : time);
}

EXPORTED int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict time) {
  static int (*real)(sem_t *, clockid_t, const struct timespec *);
  if (!real) real = (__typeof__(real))following("sem_clockwait");
  struct timespec at;
  return real(semaphore, clock, of_day(clock) ? until(time, &at) : time);
}

static const struct itimerspec *timer(const struct itimerspec *shown, struct itimerspec *real) {
  struct timespec at;
  *real = (struct itimerspec){shown->it_interval, *until(&shown->it_value, &at)};
  return real;
}

EXPORTED int timerfd_settime(int file, int flags, const struct itimerspec *time, struct itimerspec *before) {
  REAL(timerfd_settime);
  struct itimerspec at;
  return real(file, flags, time && flags & TFD_TIMER_ABSTIME ? timer(time, &at) : time, before);
}

EXPORTED int timer_settime(timer_t which, int flags, const struct itimerspec *restrict time,
                           struct itimerspec *restrict before) {
  REAL(timer_settime);
  struct itimerspec at;
  return real(which, flags, time && flags & TIMER_ABSTIME ? timer(time, &at) : time, before);
}

__attribute__((constructor)) static void find_the_file(void) {
  const char *path = getenv("METRICRIG_CLOCK");
  int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *found = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  counted = getenv("METRICRIG_CLOCK_BESIDE") == NULL;
  if (found != MAP_FAILED) page = found;
}
