package CPANBridge::Compat::DBI::Handle;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::DBI::Report;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# A handle is two hashes. The inner one is blessed into the driver's class (DBD::X::db) and holds everything; the outer
# one is blessed into DBI::db (or a subclass of the program's), is tied to the inner one, and is what programs see. A
# method called on the outer handle goes through a dispatcher, which does what all methods have in common (errors,
# callbacks, tracing), and then on to the driver's method of that name with the inner handle. Methods that drivers call
# on inner handles are plain method calls.
#
# Keys of the inner hash that start with an underscore belong to this code:
#   _h       the outer handle, weakly      _parent  the inner handle that it was made by
#   _e       [err, errstr, state], shared by a database handle and its statements
#   _depth   true while a method runs      _slow    callbacks, tracing, a profile or taint: no short cuts
#   _pid, _thread  who made it             _fbav    the row that fetch returns    _bound  references given to bind_col
#   _fast    where the short way to rows leads (CPANBridge::Compat::DBI::Fetch)

# The number of this thread: a handle that was cloned into another one must not end the original's life.
our $THREAD = 0;
sub CLONE { $THREAD++; return }

# The errors of the handle used last, for $DBI::err and its like; and that handle, weakly, for $DBI::rows.
our $LAST = [];
our $LAST_HANDLE;

# How often set_err was called: tells whether a method that keeps older errors has met a new one.
our $ERRORS = 0;

# What a new handle takes over from its parent.
our @INHERITED = qw(
  Warn PrintError RaiseError PrintWarn RaiseWarn HandleError HandleSetErr ShowErrorStatement ChopBlanks CompatMode
  LongReadLen LongTruncOk FetchHashKeyName TraceLevel TaintIn TaintOut AutoInactiveDestroy ReadOnly RootClass Profile
);

my %CLASS = ( dr => 'DBI::dr', db => 'DBI::db', st => 'DBI::st' );

# Kids that are gone leave an undef in ChildHandles; they are swept out when there are so many entries.
my $SWEEP = 120;

my %prepared;

sub make {
    my ( $kind, $parent, $attributes, $imp_data, $imp_class ) = @_;
    $parent = inner($parent) if $parent;
    _prepare_class( $kind, $imp_class ) if !$prepared{$imp_class};
    my $inner = {};
    @$inner{@INHERITED} = @$parent{@INHERITED} if $parent;
    if ($attributes) {
        my $profile = $inner->{Profile};
        @$inner{ keys %$attributes } = values %$attributes;
        $inner->{Profile} = $profile if defined $inner->{Profile} && !ref $inner->{Profile};    # what it stands for comes with STORE
    }
    my $class = $CLASS{$kind};
    if ($parent) {
        $inner->{_parent} = $parent;
        $inner->{_e}      = $kind eq 'st' ? $parent->{_e} : [];
        $parent->{Kids}++;
        if ( $kind eq 'st' ) {
            $class = "$parent->{RootClass}::st" if $parent->{RootClass};
            $parent->{Statement} = $inner->{Statement};
            $inner->{Database}   = $parent;
            my $callbacks = $parent->{Callbacks};
            $inner->{Callbacks} = $callbacks->{ChildCallbacks} if $callbacks && $callbacks->{ChildCallbacks};
        }
        else { $inner->{Driver} = $parent }
    }
    else {
        $inner->{Warn}             = 1;
        $inner->{PrintWarn}        = 1;
        $inner->{LongReadLen}      = 80;
        $inner->{FetchHashKeyName} = 'NAME';
        $inner->{TraceLevel}       = 0;
        $inner->{Active}           = 1;
        $inner->{AutoCommit}       = 1;
        $inner->{_e}               = [];
        if ( $ENV{DBI_PROFILE} ) {
            require CPANBridge::Compat::DBI::Profiling;
            $inner->{Profile} ||= CPANBridge::Compat::DBI::Profiling::shared();
        }
    }
    $inner->{ImplementorClass} = $imp_class;
    $inner->{Type}             = $kind;
    $inner->{Kids}             = $inner->{ActiveKids} = $inner->{ErrCount} = 0;
    $inner->{_imp_data}        = $imp_data if defined $imp_data;
    $inner->{_pid}             = $$;
    $inner->{_thread}          = $THREAD;
    bless $inner, $imp_class;
    slow_or_not($inner);
    my $outer = _outer( $inner, $class );
    remember_child( $parent, $outer ) if $parent;
    return wantarray ? ( $outer, $inner ) : $outer;
}

sub _outer {
    my ( $inner, $class ) = @_;
    tie my %outer, 'CPANBridge::Compat::DBI::Handle::Tie', $inner;
    my $outer = bless \%outer, $class;
    Scalar::Util::weaken( $inner->{_h} = $outer );
    return $outer;
}

{
    package    # not to be indexed
      CPANBridge::Compat::DBI::Handle::Tie;
    sub TIEHASH { return $_[1] }
}

# What is left of a database handle whose connection was taken out of it, and of its statements.
sub leave_zombie {
    my ($inner) = @_;
    my $outer = $inner->{_h} or return;
    no warnings 'untie';
    untie %$outer;
    if ( $inner->{Type} eq 'st' ) { bless $outer, 'DBI::zombie' }
    else                          { tie %$outer, 'CPANBridge::Compat::DBI::Handle::Taken' }
    return;
}

{
    package    # not to be indexed
      CPANBridge::Compat::DBI::Handle::Taken;
    $Carp::Internal{ (__PACKAGE__) }++;
    sub TIEHASH { my ($class) = @_; return bless {}, $class }
    for my $name (qw(FETCH STORE EXISTS DELETE FIRSTKEY NEXTKEY)) {
        no strict 'refs';
        *$name = sub { Carp::carp("Can't call $name method on a handle after take_imp_data()"); return };
    }
}

sub inner { return tied %{ $_[0] } || $_[0] }

# The handle that a program may have of an inner one. Where the program has let go of it, and only a child holds on to
# the inner one, there is a new one.
sub outer {
    my ($inner) = @_;
    return if !$inner;
    return $inner if tied %$inner;
    return $inner->{_h} if $inner->{_h};
    my $class = $CLASS{ $inner->{Type} };
    $class = "$inner->{RootClass}::$inner->{Type}" if $inner->{RootClass} && $inner->{Type} ne 'dr';
    return _outer( $inner, $class );
}

sub remember_child {
    my ( $parent, $outer ) = @_;
    my $children = $parent->{ChildHandles} ||= [];
    if ( @$children >= $SWEEP && !( @$children % $SWEEP ) ) {
        my @alive = grep {defined} @$children;
        @$children = ();
        Scalar::Util::weaken( $children->[@$children] = $_ ) for @alive;
    }
    Scalar::Util::weaken( $children->[@$children] = $outer );
    return;
}

sub slow_or_not {
    my ($inner) = @_;
    $inner->{_slow} = $inner->{Callbacks} || $inner->{TraceLevel} || $inner->{Profile} || $DBI::dbi_debug ? 1 : 0;
    if ( ${^TAINT} && ( $inner->{TaintIn} || $inner->{TaintOut} ) ) {
        require CPANBridge::Compat::DBI::Tainting;
        $inner->{_slow} = 1;
    }
    delete $inner->{_fast} if $inner->{_slow};
    return;
}

sub set_active {
    my ( $inner, $active ) = @_;
    my $was = $inner->{Active};
    $inner->{Active} = $active ? 1 : !1;
    return if !$was == !$active;
    $inner->{_parent}{ActiveKids} += $active ? 1 : -1 if $inner->{_parent};
    return;
}

# --- the end of a handle --------------------------------------------------------------------------------------------

# Every class of a driver gets a DESTROY that frames the driver's own.
sub _prepare_class {
    my ( $kind, $imp_class ) = @_;
    $prepared{$imp_class} = 1;
    inherit( $kind, $imp_class );
    no strict 'refs';
    no warnings 'redefine';
    my $own = UNIVERSAL::can( $imp_class, 'DESTROY' );
    *{"${imp_class}::DESTROY"} = sub { _destroy( $_[0], $own ) };
    CPANBridge::Compat::DBI::Profiling::watch_class($imp_class) if $INC{'CPANBridge/Compat/DBI/Profiling.pm'};
    return;
}

sub driver_classes { return keys %prepared }

sub inherit {
    my ( $kind, $imp_class ) = @_;
    no strict 'refs';
    push @{"${imp_class}::ISA"}, "DBD::_::$kind" if !UNIVERSAL::isa( $imp_class, "DBD::_::$kind" );
    return;
}

sub _destroy {
    my ( $inner, $own ) = @_;
    return if ( ${^GLOBAL_PHASE} || '' ) eq 'DESTRUCT' || !$inner->{_e} || $inner->{_thread} != $THREAD;
    local ( $@, $!, $?, $^E );
    my $parent = $inner->{_parent};
    my $began = $parent && $parent->{Profile} && !$parent->{_depth} && CPANBridge::Compat::DBI::Profiling::now();
    my $active = $inner->{Active};
    $inner->{Active} = ''
      if $inner->{InactiveDestroy} || $inner->{AutoInactiveDestroy} && $inner->{_pid} != $$;
    local $inner->{_depth} = 1;
    if ( $own && $own != \&DBD::_::common::DESTROY ) {
        eval { $own->($inner); 1 } or warn "\t(in cleanup) $@";
    }
    return if !$parent;
    $parent->{Kids}--;
    $parent->{ActiveKids}-- if $active && ( $inner->{Active} || $inner->{InactiveDestroy} || $inner->{AutoInactiveDestroy} && $inner->{_pid} != $$ );
    @{ $parent->{_e} } = @{ $inner->{_e} } if $inner->{Type} eq 'db' && $inner->{_e}[0];
    if ($began) {
        my $ended = CPANBridge::Compat::DBI::Profiling::now();
        CPANBridge::Compat::DBI::Profiling::sample( $parent, undef, 'DESTROY', $began, $ended, $inner->{Statement} );
    }
    return;
}

# The program lets go of a handle: what it keeps for itself would keep it alive forever.
sub let_go {
    my ($inner) = @_;
    my $cached = delete $inner->{CachedKids};
    %$cached = () if $cached;
    return;
}

# --- method calls ---------------------------------------------------------------------------------------------------

# Flags of methods.
sub KEEP     { return 1 }     # errors of earlier calls stay
sub EXECUTES { return 2 }     # runs a statement
sub REPORTS  { return 4 }     # its errors are looked at although earlier ones stay
sub SHOWS    { return 8 }     # its first argument is the statement that ShowErrorStatement shows
sub ENDS     { return 16 }    # ends a transaction
sub QUIET    { return 32 }    # is not "the method called last"

sub dispatcher {
    my ( $kind, $name, $min, $max, $usage, $flags ) = @_;
    my ( $keeps, $executes, $checks, $shows, $ends, $quiet ) =
      map { $flags & $_ } KEEP, EXECUTES, REPORTS, SHOWS, ENDS, QUIET;
    return sub {
        my $inner = ref $_[0] && Scalar::Util::reftype( $_[0] ) eq 'HASH' && tied %{ $_[0] };
        if ( !$inner || !$inner->{_e} ) { return _no_handle( $name, @_ ) }
        if ( defined $min && ( @_ < $min || $max && @_ > $max ) ) {
            Carp::croak( _wrong_count( $name, $min, $max, $usage, scalar @_ ) );
        }
        my $handle = shift;
        local $@;    # which the original's methods, being C, leave alone
        my $parent = $inner->{_parent};
        my $nested = $inner->{_depth} || $parent && $parent->{_depth};
        my $errors = $inner->{_e};
        my $before = $ERRORS;
        if ( !$nested ) {
            @$errors = () if !$keeps && defined $errors->[0];
            if ( !$quiet ) {
                $LAST = $errors;
                Scalar::Util::weaken( $LAST_HANDLE = $inner ) if !$LAST_HANDLE || $LAST_HANDLE != $inner;
            }
        }
        if ($executes) {
            $inner->{Executed} = 1;
            if ($parent) {
                $parent->{Executed} = 1;
                if ( $kind eq 'st' ) {
                    $parent->{Statement} = $inner->{Statement};
                    delete $inner->{_fetched};
                }
            }
        }
        if ($shows) {    # a variable that is tied is asked once
            splice @_, 0, 1, my $statement = $_[0];
            $inner->{Statement} = $statement if !ref $statement;
        }
        my $list = wantarray;
        my ( $began, $skip, @result );
        my $slow = $inner->{_slow};
        if ($slow) {
            $began = !$nested && $inner->{Profile} && CPANBridge::Compat::DBI::Profiling::began( $name, $_[0] );
            ( $skip, @result ) = _before( $inner, $handle, $name, $nested, $list, \@_ ) if !$quiet;
        }
        if ( !$skip ) {
            local $inner->{_depth} = 1;
            my $code = UNIVERSAL::can( $inner, $name ) || _no_method( $inner, $name );
            if   ($list) { @result = $code->( $inner, @_ ) }
            else         { $result[0] = $code->( $inner, @_ ) }
        }
        if ( $ends && $result[0] ) {
            $inner->{Executed} = !1;
            if ( $inner->{BegunWork} && $name ne 'disconnect' ) {
                $inner->{BegunWork} = !1;
                $inner->STORE( AutoCommit => 1 );
            }
        }
        if ($slow) {
            CPANBridge::Compat::DBI::Tainting::taint( $name, \@result ) if ${^TAINT} && $inner->{TaintOut} && !$nested;
            CPANBridge::Compat::DBI::Report::trace_return( $inner, $name, \@result ) if !$quiet;
            CPANBridge::Compat::DBI::Profiling::sample( $inner, $handle, $name, $began, CPANBridge::Compat::DBI::Profiling::now() )
              if $began;
        }
        if (  !$nested
            && defined $errors->[0]
            && length $errors->[0]
            && ( !$keeps || $checks || $ERRORS != $before ) )
        {
            my @where = caller 0;
            CPANBridge::Compat::DBI::Report::failure( $handle, $inner, $name, $kind eq 'st' || $shows, \@result, @where[ 1, 2 ] );
        }
        return $list ? @result : $result[-1];
    };
}

# Checks, traces and calls back before a method of a handle that short cuts are not for. Returns what _callback does.
sub _before {
    my ( $inner, $handle, $name, $nested, $list, $args ) = @_;
    CPANBridge::Compat::DBI::Tainting::check( $handle, $name, $args ) if ${^TAINT} && $inner->{TaintIn} && !$nested;
    CPANBridge::Compat::DBI::Report::trace_call( $inner, $name, $args );
    my $callbacks = $inner->{Callbacks};
    my $callback = $callbacks && ( $callbacks->{$name} || $callbacks->{'*'} ) or return 0;
    local $inner->{_depth} = 1;
    return _callback( $callback, $name, $list, $handle, $args );
}

# Returns whether the method is to be left out, and what the callback returned.
sub _callback {
    my ( $callback, $name, $list, $handle, $args ) = @_;
    local $_ = $name;
    my @result = $list ? $callback->( $handle, @$args ) : scalar $callback->( $handle, @$args );
    return 1, @result if !defined $_;
    @result = () if !$list && !defined $result[0];
    die "$name callback returned " . scalar(@result) . " values (@result[0 .. 0]...), but to return any it must undef \$_\n"
      if @result;
    return 0;
}

sub _wrong_count {
    my ( $name, $min, $max, $usage, $got ) = @_;
    my ( $least, $most ) = ( $min - 1, $max ? $max - 1 : -1 );
    return
        "DBI $name: invalid number of arguments: got handle + "
      . ( $got - 1 )
      . ", expected handle + "
      . ( $most < 0 ? "at least $least" : "between $least and $most" )
      . "\nUsage: \$h->$name($usage)";
}

sub _no_method {
    my ( $inner, $name ) = @_;
    return sub { return }
      if $name eq 'disconnect_all';    # drivers need not have it
    Carp::croak( qq(Can't locate DBI object method "$name" via package ") . ref($inner) . '"' );
}

sub _no_handle {
    my ( $name, $handle ) = @_;
    if ( ref $handle && Scalar::Util::reftype($handle) eq 'HASH' && ref tied %$handle eq 'CPANBridge::Compat::DBI::Handle::Taken' ) {
        Carp::carp("Can't call $name method on handle $handle after take_imp_data()");
        return;
    }
    Carp::croak(qq(Can't call DBI's method "$name" on a handle that has been destroyed)) if ref $handle && tied %$handle;
    Carp::croak( ref $handle
        ? qq(Can't locate DBI object method "$name" via package ") . ref($handle) . '"'
        : qq(Can't call DBI's method "$name" on a class: it needs a handle) );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Handle - how DBI's handles are made, called and destroyed

=head1 DESCRIPTION

Used by the replacement of L<DBI>; programs have no need of it. A handle is a hash tied to another hash, the inner
handle, which belongs to the driver's class and holds the attributes. The functions here make such pairs, the methods
that programs call on them, and see to what happens when they go.

=head1 FUNCTIONS

=head2 make

    my ( $outer, $inner ) = make( $kind, $parent, \%attributes, $imp_data, $driver_class );

Makes a handle of kind C<dr>, C<db> or C<st>.

=head2 inner

Returns the inner handle of an outer one; an inner one is returned as it is.

=head2 outer

Returns the outer handle of an inner one.

=head2 leave_zombie

Makes a handle one that can do nothing any more.

=head2 remember_child

Adds a handle to its parent's C<ChildHandles>.

=head2 slow_or_not

Notes whether callbacks, tracing, a profile or taint checks make short cuts impossible.

=head2 set_active

Sets C<Active>, and counts it in the parent's C<ActiveKids>.

=head2 inherit

Makes a driver's class inherit what all drivers have.

=head2 driver_classes

Returns the classes of drivers that there are handles of.

=head2 let_go

Empties C<CachedKids>, which would keep the handle alive.

=head2 dispatcher

Returns the sub that programs call as a method.

=head2 KEEP

=head2 EXECUTES

=head2 REPORTS

=head2 SHOWS

=head2 ENDS

=head2 QUIET

Flags for C<dispatcher>: the method keeps older errors, runs a statement, has its errors reported although it keeps older
ones, takes a statement as its first argument, ends a transaction, is not to be remembered as the last one called.

=cut
